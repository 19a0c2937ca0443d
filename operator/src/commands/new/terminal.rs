//! Questions on a terminal. What is secret is not shown while it is typed or pasted.

use std::io::{self, BufRead, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};

/// Where answers come from.
pub trait Ask {
    /// Says something.
    fn say(&mut self, text: &str) -> io::Result<()>;
    /// Asks for a line.
    fn line(&mut self, question: &str) -> io::Result<String>;
    /// Asks for a line nobody may see.
    fn hidden(&mut self, question: &str) -> io::Result<String>;
    /// Asks for lines nobody may see, up to and with the first for which `is_last` holds.
    fn hidden_lines(&mut self, question: &str, is_last: &dyn Fn(&str) -> bool) -> io::Result<String>;
}

/// The terminal the command was started on: questions go to stderr, so that stdout stays what was made.
#[derive(Debug)]
pub struct Terminal(());

/// What Ctrl+C is as a character.
const INTERRUPT: u8 = 3;

impl Terminal {
    /// The terminal, if there is one.
    pub fn open() -> Option<Self> {
        isatty(io::stdin()).then_some(Self(()))
    }

    fn read() -> io::Result<String> {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            let bytes = input.fill_buf()?;
            let end = bytes.iter().position(|byte| matches!(*byte, b'\n' | INTERRUPT));
            let ended = end.and_then(|end| bytes.get(end).copied());
            let taken = end.map_or(bytes.len(), |end| end + 1);
            line.extend_from_slice(bytes.get(..end.unwrap_or(taken)).unwrap_or_default());
            input.consume(taken);
            match ended {
                Some(INTERRUPT) => return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted")),
                Some(_) => break,
                None if taken == 0 => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answers ended"));
                }
                None => {}
            }
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }
}

impl Ask for Terminal {
    fn say(&mut self, text: &str) -> io::Result<()> {
        io::stderr().write_all(format!("{text}\n").as_bytes())
    }

    fn line(&mut self, question: &str) -> io::Result<String> {
        io::stderr().write_all(format!("{question}: ").as_bytes())?;
        Self::read()
    }

    fn hidden(&mut self, question: &str) -> io::Result<String> {
        let _hidden = Hidden::begin()?;
        io::stderr().write_all(format!("{question} (hidden): ").as_bytes())?;
        let answer = Self::read();
        io::stderr().write_all(b"\n")?;
        answer
    }

    fn hidden_lines(&mut self, question: &str, is_last: &dyn Fn(&str) -> bool) -> io::Result<String> {
        let _hidden = Hidden::begin()?;
        io::stderr().write_all(format!("{question} (hidden):\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let line = Self::read()?;
            let last = is_last(&line);
            lines.push(line);
            if last {
                return Ok(lines.join("\n"));
            }
        }
    }
}

/// While this lives the terminal shows nothing. Ctrl+C ends the line instead of the process: a process that ended here
/// would leave a terminal that shows nothing.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Flushed: what was pasted beyond the answer would be shown. Where this fails nothing else can be done.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
