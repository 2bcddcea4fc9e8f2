//! Small charts drawn as SVG; the colours come from the style sheet, so that dark mode and print
//! follow.

use maud::{Markup, html};

/// Width of the drawing, in its own units.
const WIDTH: i64 = 280;
/// Where the axis lies.
const FLOOR: i64 = 90;
/// The tallest bar.
const TALLEST: i64 = 72;
/// Space between two bars.
const GAP: i64 = 12;

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What stands under it.
    pub label: String,
    /// How tall it is.
    pub value: i64,
    /// Whether it is still growing.
    pub is_now: bool,
}

/// Returns a bar chart; what the picture says is its accessible name.
pub fn bars(name: &str, bars: &[Bar]) -> Markup {
    let said: Vec<String> = bars.iter().map(|b| format!("{}: {}", b.label, b.value)).collect();
    let said = format!("{name}. {}", said.join(", "));
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
    let step = WIDTH / (bars.len().max(1) as i64);
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} 110")) role="img" aria-label=(said) {
            path.axis d=(format!("M0 {FLOOR}.5h{WIDTH}")) {}
            @for (place, bar) in bars.iter().enumerate() {
                (one(bar, place as i64 * step, step, most))
            }
        }
    }
}

fn one(bar: &Bar, left: i64, step: i64, most: i64) -> Markup {
    let tall = bar.value * TALLEST / most;
    let (top, middle) = (FLOOR - tall, left + step / 2);
    html! {
        rect class=(if bar.is_now { "bar-now" } else { "bar" }) x=(left + GAP / 2) y=(top)
            width=(step - GAP) height=(tall) {}
        text.value x=(middle) y=(top - 4) text-anchor="middle" { (bar.value) }
        text x=(middle) y="105" text-anchor="middle" { (bar.label) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallest_bar_fits_and_the_picture_has_words() {
        let bar = |label: &str, value| Bar { label: label.into(), value, is_now: false };
        let drawn = bars("Tín hiệu", &[bar("T2", 0), bar("T3", 9)]).into_string();
        assert!(drawn.contains("aria-label=\"Tín hiệu. T2: 0, T3: 9\""), "{drawn}");
        assert!(drawn.contains("y=\"18\"") && drawn.contains("height=\"72\""), "{drawn}");
        assert!(bars("x", &[]).into_string().contains("<svg"));
    }
}
