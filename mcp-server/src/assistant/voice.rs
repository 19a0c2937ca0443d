//! Voice notes: fetched, written down by the model, and answered like words. What was understood is kept under the
//! message's id, so that a turn that is redone does not pay twice.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use mcp_store::{StoreError, idempotency::IdempotencyStore, turn::Also};
use serde_json::json;
use tokio::time::Instant;

use super::{
    burst::{Burst, Said},
    gemini::{Gemini, GeminiError, Rank},
    meter::Meter,
    spend::Allowance,
};
use crate::{
    booking::Desk,
    whatsapp::{
        media::{Media, MediaError},
        message::Voice,
    },
    words::turn::Unreadable,
};

/// Where recordings come from.
#[async_trait]
pub trait Recordings: Send + Sync + 'static {
    /// The bytes of a recording.
    async fn fetch(&self, voice: &Voice) -> Result<Vec<u8>, MediaError>;
}

#[async_trait]
impl Recordings for Media {
    async fn fetch(&self, voice: &Voice) -> Result<Vec<u8>, MediaError> {
        self.voice(voice).await
    }
}

/// Voice notes that one burst may hold.
const MOST: usize = 5;
/// The longest that is listened to, in seconds.
const LONGEST: u64 = 120;
/// Bytes of one second where the recording does not say how long it is; WhatsApp records about 16 kbit/s.
const BYTES_PER_SECOND: u64 = 2000;

/// Kept of the turn's time for listening and answering.
const TO_LISTEN: Duration = Duration::from_secs(8);
/// Before a recording is asked for once more.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a recording has no words.
enum Unheard {
    Not(Unreadable),
    Failed(GeminiError),
    Store(StoreError),
}

impl From<StoreError> for Unheard {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Why nobody could listen: the model's trouble, or the database's.
#[derive(Debug)]
pub enum ListenError {
    /// The model cannot be asked.
    Model(GeminiError),
    /// The database failed.
    Store(StoreError),
}

/// What listening needs.
pub struct Listener<'a> {
    /// Keys and time.
    pub desk: &'a Desk,
    /// Who writes down.
    pub gemini: &'a Gemini,
    /// Which model begins.
    pub rank: Rank,
    /// Where recordings come from; without it no voice note is understood.
    pub recordings: Option<&'a dyn Recordings>,
    /// What may be listened to.
    pub allowance: Allowance,
    /// When the turn must be over.
    pub deadline: Instant,
}

impl Listener<'_> {
    /// Turns the burst's voice notes into words. Returns what is kept of them with the turn.
    pub async fn listen(&self, burst: &mut Burst, meter: &mut Meter) -> Result<Vec<Also>, ListenError> {
        let mut kept = Vec::new();
        for (at, (id, voice)) in std::mem::take(&mut burst.voices).into_iter().enumerate() {
            let heard = if at < MOST {
                self.words(&id, &voice, meter).await
            } else {
                Err(Unheard::Not(Unreadable::Voice))
            };
            match heard {
                Ok(text) => {
                    kept.push(Also::Heard { message_id: id.clone(), text: text.clone() });
                    burst.said.push(Said { id, text, heard: true });
                }
                Err(Unheard::Not(what)) => burst.unreadable.push(what),
                Err(Unheard::Failed(error)) => {
                    burst.unreadable.push(Unreadable::Voice);
                    return Err(ListenError::Model(error));
                }
                Err(Unheard::Store(error)) => return Err(ListenError::Store(error)),
            }
        }
        Ok(kept)
    }

    async fn words(&self, id: &str, voice: &Voice, meter: &mut Meter) -> Result<String, Unheard> {
        let (key, now) = (format!("heard:{id}"), self.desk.clock.now());
        let store: &dyn IdempotencyStore = &*self.desk.store;
        let understood = if let Some(kept) = store.recall(&key, &voice.media_id, now).await? {
            kept["text"].as_str().map(str::to_owned)
        } else {
            let text = self.write_down(voice, meter).await?;
            store.remember(&key, &voice.media_id, &json!({"text": text}), now).await?;
            text
        };
        understood.ok_or(Unheard::Not(Unreadable::Voice))
    }

    /// What may pass by itself is tried twice, as long as there is time to listen afterwards.
    async fn fetched(&self, recordings: &dyn Recordings, voice: &Voice) -> Result<Vec<u8>, MediaError> {
        let until = self.deadline.checked_sub(TO_LISTEN).unwrap_or(self.deadline);
        let once = || async {
            let fetched = tokio::time::timeout_at(until, recordings.fetch(voice)).await;
            fetched.unwrap_or(Err(MediaError::NotNow("no time is left")))
        };
        match once().await {
            Err(MediaError::NotNow(_)) if Instant::now() + PAUSE < until => {
                tokio::time::sleep(PAUSE).await;
                once().await
            }
            fetched => fetched,
        }
    }

    async fn write_down(&self, voice: &Voice, meter: &mut Meter) -> Result<Option<String>, Unheard> {
        let not = |what| Err(Unheard::Not(what));
        let Some(recordings) = self.recordings else { return not(Unreadable::Voice) };
        if self.allowance.audio_left == Some(0) {
            return not(Unreadable::Voice);
        }
        let bytes = match self.fetched(recordings, voice).await {
            Ok(bytes) => bytes,
            Err(MediaError::TooLarge) => return not(Unreadable::LongVoice),
            Err(error) => {
                tracing::warn!(%error, "a voice note could not be fetched");
                return not(Unreadable::Voice);
            }
        };
        let seconds = seconds(&bytes);
        if seconds > LONGEST {
            return not(Unreadable::LongVoice);
        }
        if self.allowance.audio_left.is_some_and(|left| left < meter.usage.audio_seconds + seconds) {
            return not(Unreadable::Voice);
        }
        let mime = voice.mime.split(';').next().unwrap_or_default().trim();
        let data = STANDARD.encode(&bytes);
        let mut rank = self.rank;
        loop {
            match self.gemini.transcribe(rank, mime, &data, self.deadline).await {
                Ok((text, spent)) => {
                    meter.add(spent);
                    meter.usage.audio_seconds += seconds;
                    return Ok(text);
                }
                // Asked again it would be refused again; the customer can still write.
                Err(GeminiError::Refused(why)) => {
                    tracing::warn!(why, "the model refuses a voice note");
                    return Ok(None);
                }
                Err(error) if error.is_of_this_model() => match self.gemini.after(rank) {
                    Some(next) => rank = next,
                    None => return Err(Unheard::Failed(error)),
                },
                Err(error) => return Err(Unheard::Failed(error)),
            }
        }
    }
}

/// Bytes of a second of the densest voice note: 128 kbit/s.
const DENSEST: u64 = 16_000;

/// How long a recording is, in whole seconds begun: from the last page of its Ogg container (RFC 3533: the position of
/// the page's end at byte 6; RFC 7845: Opus counts 48,000 in a second), else by its size.
fn seconds(bytes: &[u8]) -> u64 {
    const CAPTURE: &[u8] = b"OggS";
    const RATE: u64 = 48_000;
    let by_size = (bytes.len() as u64).div_ceil(BYTES_PER_SECOND).max(1);
    if !bytes.starts_with(CAPTURE) {
        return by_size;
    }
    let last = bytes.windows(CAPTURE.len()).rposition(|window| window == CAPTURE);
    let position = last.and_then(|at| bytes.get(at + 6..at + 14)).and_then(|eight| eight.try_into().ok());
    match position.map(u64::from_le_bytes) {
        // All ones: no packet ends on the page.
        // The recording says it of itself; none is denser than this.
        Some(samples) if samples != u64::MAX && samples > 0 => {
            samples.div_ceil(RATE).max((bytes.len() as u64) / DENSEST)
        }
        _ => by_size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(samples: u64) -> Vec<u8> {
        let mut page = b"OggS\0\0".to_vec();
        page.extend(samples.to_le_bytes());
        page.extend([0; 14]);
        page
    }

    #[test]
    fn a_recording_says_itself_how_long_it_is() {
        let recording = [page(0), vec![1; 400], page(48_000 * 7 + 1)].concat();
        assert_eq!(seconds(&recording), 8);
        assert_eq!(seconds(&[page(0), vec![0; 5000]].concat()), 3, "by its size where it does not say");
        assert_eq!(seconds(&[7; 4001]), 3);
        assert_eq!(seconds(b"OggS"), 1);
    }
}
