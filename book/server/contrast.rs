//! What is written can be read, in every theme: WCAG 2.2, 1.4.3 asks for a contrast of 4.5 to 1.

use crate::render::Render;
use std::collections::BTreeMap;
use std::path::Path;

/// What stands on what.
const PAIRS: [(&str, &[&str]); 6] = [
    ("--fg", &["--bg", "--quote-bg", "--table-alternate-bg"]),
    ("--links", &["--bg", "--quote-bg", "--table-alternate-bg"]),
    ("--inline-code-color", &["--bg", "--quote-bg"]),
    ("--sidebar-fg", &["--sidebar-bg"]),
    ("--sidebar-active", &["--sidebar-bg"]),
    ("--sidebar-non-existant", &["--sidebar-bg"]),
];

#[test]
fn every_theme_can_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = tempfile::tempdir().unwrap();
    let site = Render::new(root, target.path()).now().site.unwrap();
    let css = ["css/variables", "theme/course"].map(|file| site.beginning_with(file).unwrap());
    for theme in ["light", "rust", "coal", "navy", "ayu"] {
        let mut colours = BTreeMap::new();
        for css in &css {
            colours.extend(variables(css, theme));
        }
        for (ink, papers) in PAIRS {
            for paper in papers {
                let (a, b) = (luminance(colours[ink]), luminance(colours[*paper]));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{theme}: {ink} on {paper} is {contrast:.2} to 1");
            }
        }
    }
}

/// The variables that the rules of one theme set, later ones last.
fn variables<'a>(css: &'a str, theme: &str) -> BTreeMap<&'a str, &'a str> {
    let class = format!(".{theme}");
    let rules = css.split('}').filter_map(|rule| rule.rsplit_once('{'));
    let ours = rules.filter(|(selectors, _)| {
        let selectors = selectors.rsplit("*/").next().unwrap_or_default();
        selectors.split(',').any(|selector| selector.trim() == class)
    });
    let lines = ours.flat_map(|(_, body)| body.split(';'));
    let pairs = lines.filter_map(|line| line.rsplit("*/").next()?.split_once(':'));
    pairs.map(|(name, value)| (name.trim(), value.trim())).collect()
}

#[test]
fn contrast_is_counted_as_wcag_counts_it() {
    let white = luminance("#fff");
    assert!((white - 1.0).abs() < 1e-9 && luminance("hsl(0, 0%, 0%)").abs() < 1e-9);
    // #767676 is the lightest grey that may stand on white.
    assert!(1.05 / (luminance("#767676") + 0.05) >= 4.5);
    assert!(1.05 / (luminance("#777777") + 0.05) < 4.5);
    assert!((luminance("hsl(210, 100%, 50%)") - luminance("#0080ff")).abs() < 0.002);
}

fn luminance(colour: &str) -> f64 {
    let linear = |part: f64| {
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = rgb(colour).map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn rgb(colour: &str) -> [f64; 3] {
    if let Some(hex) = colour.strip_prefix('#') {
        let wide = hex.len() == 6;
        let part = |at: usize| {
            let digits = if wide { &hex[2 * at..2 * at + 2] } else { &hex[at..=at].repeat(2) };
            f64::from(u8::from_str_radix(digits, 16).unwrap()) / 255.0
        };
        return [part(0), part(1), part(2)];
    }
    let inside = colour.strip_prefix("hsl(").and_then(|rest| rest.strip_suffix(')')).unwrap();
    let parts: Vec<f64> =
        inside.split(',').map(|part| part.trim().trim_end_matches('%').parse().unwrap()).collect();
    let (hue, saturation, lightness) = (parts[0], parts[1] / 100.0, parts[2] / 100.0);
    let strength = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|shift| {
        let k = (shift + hue / 30.0) % 12.0;
        lightness - strength * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}
