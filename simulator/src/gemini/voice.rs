//! Voice notes that say what a test wants them to: a recording whose words stand in it in writing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::request::Request;

/// What stands before the words.
const MARK: &[u8] = b"SPOKEN:";
/// Samples of Opus in a second (RFC 7845).
const RATE: u64 = 48_000;

/// A recording of so many seconds in an Ogg container, which the stand-in for Gemini understands as these words. Without
/// words nothing can be understood.
pub fn voice(words: &str, seconds: u64) -> Vec<u8> {
    let page = |samples: u64| {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(samples.to_le_bytes());
        page.extend([0; 14]);
        page
    };
    [page(0), MARK.to_vec(), words.as_bytes().to_vec(), page(seconds * RATE)].concat()
}

/// What the stand-in writes down, if this is a request to listen.
pub(super) fn heard(request: &Request) -> Option<String> {
    let last = request.contents.last()?;
    let data = last.parts.iter().find_map(|part| part.inline_data.as_ref())?;
    Some(words(data).unwrap_or_else(|| "[inaudible]".to_owned()))
}

fn words(data: &Value) -> Option<String> {
    let mime = data["mimeType"].as_str()?;
    if !mime.starts_with("audio/") {
        return None;
    }
    let bytes = STANDARD.decode(data["data"].as_str()?.replace('-', "+").replace('_', "/")).ok()?;
    let from = bytes.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let spoken = bytes.get(from..)?;
    let to = spoken.windows(4).position(|window| window == b"OggS").unwrap_or(spoken.len());
    let words = String::from_utf8_lossy(spoken.get(..to)?).trim().to_owned();
    Some(words).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_recording_is_understood_as_it_was_made() {
        let listen = |recording: &[u8]| {
            let part = json!({"inlineData": {"mimeType": "audio/ogg", "data": STANDARD.encode(recording)}});
            let request = json!({"contents": [{"role": "user", "parts": [part]}]});
            heard(&serde_json::from_value(request).unwrap()).unwrap()
        };
        assert_eq!(listen(&voice("amanhã às 15h", 4)), "amanhã às 15h");
        assert_eq!(listen(&voice("", 4)), "[inaudible]");
        assert_eq!(listen(b"noise"), "[inaudible]");
    }
}
