use super::{
    scripted::{Scripted, text},
    *,
};

fn gemini(provider: Arc<Scripted>, chain: &[&str]) -> Gemini {
    Gemini::new(provider, chain.iter().map(|&name| name.to_owned()).collect())
}

fn ask() -> Ask {
    Ask {
        system: "s".into(),
        contents: vec![json!({"role": "user", "parts": [{"text": "oi"}]})],
        tools: vec![json!({"name": "f"})],
        may_call: true,
    }
}

fn in_18_seconds() -> Instant {
    Instant::now() + Duration::from_secs(18)
}

fn exhausted(after: u64) -> Result<Value, GeminiError> {
    Err(GeminiError::NotNow {
        what: "429 RESOURCE_EXHAUSTED".into(),
        after: Some(Duration::from_secs(after)),
    })
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_tried_again_after_the_wait_that_was_asked_for() {
    let provider = Arc::new(Scripted::of([exhausted(4), Ok(text("Olá"))]));
    let began = Instant::now();
    let answered = gemini(provider.clone(), &["a"]).ask(0, &ask(), in_18_seconds()).await.unwrap();
    assert!(matches!(answered.0, Reply::Text { .. }));
    let tokens = Tokens { input: 100, output: 15, ..Tokens::default() };
    assert_eq!(answered.1, Spent { tokens, ..Spent::default() }, "nobody named a price");
    assert!(began.elapsed() >= Duration::from_secs(4));
    assert_eq!(provider.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let provider = Arc::new(Scripted::of([exhausted(60), Ok(text("Olá"))]));
    let began = Instant::now();
    let error = gemini(provider.clone(), &["a"]).ask(0, &ask(), in_18_seconds()).await.unwrap_err();
    assert!(error.is_of_this_model() && began.elapsed() < Duration::from_secs(1), "{error}");
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_not_repeated_and_an_outage_is_at_most_three_requests() {
    let refused = Arc::new(Scripted::of([Err(GeminiError::Refused("400".into())), Ok(text("Olá"))]));
    assert!(gemini(refused.clone(), &["a"]).ask(0, &ask(), in_18_seconds()).await.is_err());
    assert_eq!(refused.asked().len(), 1);
    let down = Arc::new(Scripted::default());
    assert!(gemini(down.clone(), &["a"]).ask(0, &ask(), in_18_seconds()).await.is_err());
    assert_eq!(down.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_model_is_given_up_with_the_deadline_and_earlier_where_another_may_answer() {
    let never = || Arc::new(Scripted::late([(Duration::from_mins(1), Ok(text("Olá")))]));
    let began = Instant::now();
    let error = gemini(never(), &["a"]).ask(0, &ask(), in_18_seconds()).await.unwrap_err();
    assert_eq!((error, began.elapsed()), (GeminiError::Slow, Duration::from_secs(18)));
    let began = Instant::now();
    assert!(gemini(never(), &["a", "b"]).ask(0, &ask(), in_18_seconds()).await.is_err());
    assert_eq!(began.elapsed(), PATIENCE);
}

#[tokio::test]
async fn a_request_is_validated_thinks_little_and_sends_no_sampling() {
    let provider = Arc::new(Scripted::of([Ok(text("a")), Ok(text("b"))]));
    let gemini = gemini(provider.clone(), &["m"]);
    gemini.ask(0, &ask(), in_18_seconds()).await.unwrap();
    gemini.ask(0, &Ask { may_call: false, ..ask() }, in_18_seconds()).await.unwrap();
    let asked = provider.asked();
    let mode = |at: usize| asked[at].1["toolConfig"]["functionCallingConfig"]["mode"].clone();
    assert_eq!((mode(0), mode(1)), (json!("VALIDATED"), json!("NONE")));
    let config = &asked[0].1["generationConfig"];
    assert_eq!(config["thinkingConfig"]["thinkingLevel"], "LOW");
    assert_eq!(config.get("temperature"), None);
}

#[tokio::test]
async fn a_voice_note_without_words_is_not_understood() {
    let provider = Arc::new(Scripted::of([Ok(text("quero um corte")), Ok(text("[inaudible]"))]));
    let gemini = gemini(provider.clone(), &["m"]);
    let hear = || gemini.transcribe(0, "audio/ogg", "T2dnUw==", in_18_seconds());
    assert_eq!(hear().await.unwrap().0.as_deref(), Some("quero um corte"));
    assert_eq!(hear().await.unwrap().0, None);
    let asked = &provider.asked()[0].1;
    assert_eq!(asked["contents"][0]["parts"][0]["inlineData"]["mimeType"], "audio/ogg");
    assert_eq!(asked.get("tools"), None);
}

#[tokio::test]
async fn an_answer_without_an_end_is_no_answer_now() {
    use crate::http_client::tests::{Endless, http};
    for status in [reqwest::StatusCode::OK, reqwest::StatusCode::BAD_REQUEST] {
        let flood = Endless::flood(status).await;
        let google = Google::new(http(), flood.url.clone(), "key".to_owned().into());
        let error = google.generate("a", &json!({}), Duration::from_secs(10)).await.unwrap_err();
        assert!(matches!(error, GeminiError::NotNow { .. }), "{error}");
        assert!(flood.was_cut_off());
    }
}
