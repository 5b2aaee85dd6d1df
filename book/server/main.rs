//! The arguments of the book's program.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may"))]

#[cfg(test)]
mod contrast;
mod heard;
mod render;
mod serve;
mod site;
mod watch;

use clap::Parser;
use narration::{Answer, Outcome, Report};
use render::{Render, Rendered};
use serve::State;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// The book: renders it, serves it on this machine alone, and shows every change at once.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    /// Open the book in your browser
    #[arg(long)]
    open: bool,

    /// Where to listen on 127.0.0.1; 0 is any free port [default: 3000, or a free one if it is taken]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Render into target/book, say what is wrong, and end
    #[arg(long, conflicts_with_all = ["open", "port"])]
    build: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run -p book
          serve it; the first line is its address
  cargo run -p book -- --open
          and open it in your browser
  cargo run -p book -- --port 0
          on a port that is free
  cargo run -q -p book -- --build
          only render it, into target/book

Exit status:
  0  it was served until Ctrl-C; it was rendered, and nothing is wrong with it
  1  something is wrong with the book; it can't be served
  2  the arguments make no sense";

const PORT: u16 = 3000;

fn main() -> ExitCode {
    narration::conclude(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut render = Render::new(root, &root.join("target"));
    if arguments.build {
        let rendered = render.now();
        say_problems(&rendered);
        return match rendered {
            Rendered { site: Some(_), problems } if problems.is_empty() => {
                writeln!(anstream::stdout(), "book: target/book/index.html")?;
                Ok(Answer::Yes)
            }
            _ => Ok(Answer::No),
        };
    }

    let listener = listen(arguments.port)?;
    let address = format!("http://{}/", listener.local_addr()?);
    writeln!(anstream::stdout(), "book: {address}")?;
    let rendered = render.now();
    say_problems(&rendered);
    let state = Arc::new(State::new(rendered));
    narration::stdout().say(
        "It is rendered again whenever a page changes, or the code that a page shows, and an open \
         page follows. Ctrl-C ends it.",
    )?;
    if arguments.open && open::that_detached(&address).is_err() {
        narration::aside(format_args!("no browser could be started: open {address} yourself"));
    }

    let watched = Arc::clone(&state);
    let _watching = watch::start(root, move || {
        let rendered = render.now();
        say_problems(&rendered);
        if rendered.is_good() {
            narration::aside("rendered again");
        }
        watched.show(rendered);
    })?;
    serve::until_interrupted(listener, state)?;
    Ok(Answer::Yes)
}

fn listen(port: Option<u16>) -> Result<TcpListener, Report> {
    let at = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    match port {
        Some(port) => at(port).map_err(|error| {
            Report::failed(format_args!("nobody can listen on port {port} here: {error}"))
                .advise("leave --port out, or --port 0: any free port")
        }),
        // Somebody else's, or a second book's.
        None => Ok(at(PORT).or_else(|_| at(0))?),
    }
}

fn say_problems(rendered: &Rendered) {
    for problem in &rendered.problems {
        narration::aside(problem);
    }
    if rendered.site.is_none() {
        narration::aside("the book does not build");
    }
}
