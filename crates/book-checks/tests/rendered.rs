//! What a reader's browser would stumble over.

use book_checks::rendered::check;
use std::collections::BTreeMap;

fn problems(page: &str) -> Vec<String> {
    let files = BTreeMap::from([
        ("a/page.html".to_owned(), Some(page.to_owned())),
        ("index.html".to_owned(), Some("<h1 id=\"top\">x</h1><h2 id=\"Über\">y</h2>".to_owned())),
        ("a/style.css".to_owned(), None),
    ]);
    check(&files).iter().map(ToString::to_string).collect()
}

#[test]
fn links_that_lead_somewhere_pass() {
    for good in [
        "<a href=\"../index.html#top\">x</a>",
        "<a href=\"../index.html#%C3%9Cber\">x</a>",
        "<a href=\"../\">x</a>",
        "<a href=\"/index.html\">x</a>",
        "<a href=\"#here\" id=\"here\">x</a>",
        "<a href=\"https://kubernetes.io/\">x</a>",
        "<link rel=\"stylesheet\" href=\"style.css?v=1\">",
        "<img src=\"data:image/png;base64,AA\">",
        "<script>const text = '<a href=\"gone.html\">';</script>",
        "<!-- <a href=\"gone.html\"> -->",
    ] {
        assert_eq!(problems(good), [""; 0], "{good}");
    }
}

#[test]
fn links_that_lead_nowhere_are_told() {
    for (bad, says) in [
        ("<a href=\"gone.html\">x</a>", "there is no a/gone.html"),
        ("<a href=\"../index.html#gone\">x</a>", "index.html has no \"gone\""),
        ("<a href=\"#gone\">x</a>", "a/page.html has no \"gone\""),
        ("<a href=\"../../secret\">x</a>", "it leads out of the book"),
        ("<img src=\"https://kubernetes.io/a.png\">", "the page would load this"),
        ("<link rel=stylesheet href=//fonts.example/a.css>", "the page would load this"),
        ("<script src=\"gone.js\"></script>", "there is no a/gone.js"),
        ("<svg aria-labelledby=\"gone\"></svg>", "has no \"gone\""),
        ("<path marker-end=\"url(#gone)\"/>", "has no \"gone\""),
    ] {
        let found = problems(&format!("<p>\n{bad}"));
        assert_eq!(found.len(), 1, "{bad}: {found:#?}");
        assert!(found[0].starts_with("a/page.html:2: ") && found[0].contains(says), "{found:#?}");
    }
}
