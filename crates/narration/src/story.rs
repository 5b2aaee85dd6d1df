//! The printing of a walk or a tool: plain text in aligned columns, 80 wide, with a little colour
//! where there is a terminal.

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{self, StdoutLock, Write};

const WIDTH: usize = 80;
const INDENT: &str = "   ";

const HEADING: Style = Style::new().bold();
const COMMAND: Style = AnsiColor::Cyan.on_default();
const KEY: Style = AnsiColor::Green.on_default();
const REFUSED: Style = AnsiColor::Red.on_default();
const DIM: Style = Style::new().dimmed();

/// A program's output, from its first line (which cluster) to its last (what we know now).
pub struct Story<W: Write> {
    out: W,
    coloured: bool,
    steps: usize,
}

/// The story on standard output: coloured on a terminal, unless `NO_COLOR` is set.
#[must_use]
pub fn stdout() -> Story<AutoStream<StdoutLock<'static>>> {
    // AutoStream takes the colours out again where they don't belong.
    Story { out: AutoStream::auto(io::stdout().lock()), coloured: true, steps: 0 }
}

impl<W: Write> Story<W> {
    /// A story without colour, for a test to read.
    pub fn new(out: W) -> Self {
        Self { out, coloured: false, steps: 0 }
    }

    /// The first lines: what is asked here, and which cluster is talked to (`lab`, the context's
    /// name, or why there is none).
    ///
    /// # Errors
    /// This and all that follow: those of the writer, a closed pipe among them.
    pub fn begin(&mut self, cluster: impl Display, title: &str) -> io::Result<()> {
        self.styled(DIM, "", &format!("cluster: {cluster}"))?;
        self.styled(HEADING, "\n", title)
    }

    /// A heading without a number: the first line of a program that talks to no cluster.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn title(&mut self, title: &str) -> io::Result<()> {
        self.styled(HEADING, "", title)
    }

    /// A numbered heading.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn step(&mut self, heading: &str) -> io::Result<()> {
        self.steps += 1;
        let heading = format!("{}. {heading}", self.steps);
        self.styled(HEADING, "\n", &heading)
    }

    /// A paragraph, wrapped.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn say(&mut self, text: impl Display) -> io::Result<()> {
        let options =
            textwrap::Options::new(WIDTH).initial_indent(INDENT).subsequent_indent(INDENT);
        writeln!(self.out, "\n{}", textwrap::fill(&text.to_string(), options))
    }

    /// A command as one types it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn command(&mut self, command: impl Display) -> io::Result<()> {
        let command = format!("{INDENT}  $ {command}");
        self.styled(COMMAND, "\n", &command)
    }

    /// Lines as they are: a file, an answer, a drawing.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn lines(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out)?;
        for line in text.to_string().lines() {
            writeln!(self.out, "{}", format!("{INDENT}  {line}").trim_end())?;
        }
        Ok(())
    }

    /// Keys and values in two columns. A value too long for its line goes on under itself.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn rows<K: AsRef<str>, V: AsRef<str>>(&mut self, rows: &[(K, V)]) -> io::Result<()> {
        writeln!(self.out)?;
        let width = rows.iter().map(|(key, _)| key.as_ref().chars().count()).max().unwrap_or(0);
        for (key, value) in rows {
            let key = key.as_ref();
            let pad = " ".repeat(width - key.chars().count());
            let column = INDENT.len() + 2 + width + 2;
            let options = wrapped_at(WIDTH.saturating_sub(column).max(24));
            let value =
                textwrap::wrap(value.as_ref(), options).join(&format!("\n{}", " ".repeat(column)));
            let style = self.worn(KEY);
            let row = format!("{INDENT}  {style}{key}{style:#}{pad}  {value}");
            writeln!(self.out, "{}", row.trim_end())?;
        }
        Ok(())
    }

    /// What holds and what does not, each with `ok` or `no` before it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn marks<T: AsRef<str>>(&mut self, marks: &[(bool, T)]) -> io::Result<()> {
        writeln!(self.out)?;
        for (holds, what) in marks {
            let (word, style) = if *holds { ("ok", KEY) } else { ("no", REFUSED) };
            let style = self.worn(style);
            writeln!(self.out, "{INDENT}  {style}{word}{style:#}  {}", what.as_ref())?;
        }
        Ok(())
    }

    /// The end: what the reader can now answer, a sentence a line.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn what_we_know_now(&mut self, sentences: &[&str]) -> io::Result<()> {
        self.styled(HEADING, "\n", "What we know now")?;
        writeln!(self.out)?;
        for sentence in sentences {
            let options = wrapped_at(WIDTH).initial_indent("   - ").subsequent_indent("     ");
            writeln!(self.out, "{}", textwrap::fill(sentence, options))?;
        }
        self.out.flush()
    }

    fn worn(&self, style: Style) -> Style {
        if self.coloured { style } else { Style::new() }
    }

    fn styled(&mut self, style: Style, before: &str, text: &str) -> io::Result<()> {
        let style = self.worn(style);
        writeln!(self.out, "{before}{style}{text}{style:#}")
    }
}

/// A word (a token, a path, a `--flag-with-hyphens`) is never broken: it must survive being copied.
fn wrapped_at(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}
