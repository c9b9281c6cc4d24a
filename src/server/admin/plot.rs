//! Bars for days, drawn on the server: one or two numbers a day, with a table of the same beside it.
//!
//! The picture has only bars, so that it can be stretched to any width; every text stands outside it.

use askama::Template;
use chrono::NaiveDate;

use super::frame::Frame;
use crate::statistics::Day;

/// Width of the place of one day, in units of the picture, and how much of it its bars take.
const PLACE: f64 = 10.0;
const BARS: f64 = 8.0;
/// Height of the picture, in units.
const HEIGHT: f64 = 100.0;

/// One number of each day.
pub(super) struct Series<'a> {
    /// What it is called.
    pub(super) name: &'a str,
    /// Takes it from a day.
    pub(super) of: fn(&Day) -> u64,
}

/// A plot, ready to be drawn.
#[derive(Template)]
#[template(path = "admin/plot.html", config = "assets/askama.toml")]
pub(super) struct Plot<'a> {
    frame: &'a Frame<'a>,
    /// Distinguishes it on its page.
    id: &'static str,
    title: &'a str,
    names: Vec<&'a str>,
    totals: Vec<u64>,
    /// The value of the upper edge.
    most: u64,
    columns: Vec<Column>,
}

/// A day.
struct Column {
    day: NaiveDate,
    values: Vec<u64>,
    bars: Vec<Bar>,
}

/// A bar, in units of the picture.
struct Bar {
    x: String,
    y: String,
    width: String,
    height: String,
}

impl<'a> Plot<'a> {
    /// The days as bars, one for each series.
    pub(super) fn of(
        frame: &'a Frame<'a>,
        id: &'static str,
        title: &'a str,
        series: &[Series<'a>],
        days: &[Day],
    ) -> Plot<'a> {
        let rows: Vec<Vec<u64>> = days.iter().map(|day| series.iter().map(|one| (one.of)(day)).collect()).collect();
        let most = round_up(rows.iter().flatten().copied().max().unwrap_or(0));
        let totals = (0..series.len()).map(|at| rows.iter().map(|row| row[at]).sum()).collect();
        let columns = days.iter().zip(rows).enumerate().map(|(place, (day, values))| {
            let bars = values.iter().enumerate().map(|(at, value)| Bar::of(place, at, values.len(), *value, most));
            Column { day: day.day, bars: bars.collect(), values }
        });
        let names = series.iter().map(|one| one.name).collect();
        Plot { frame, id, title, names, totals, most, columns: columns.collect() }
    }

    fn is_empty(&self) -> bool {
        self.totals.iter().all(|total| *total == 0)
    }

    fn width(&self) -> f64 {
        PLACE * self.columns.len() as f64
    }

    /// What somebody hears who does not see it.
    fn label(&self) -> String {
        let totals = self.names.iter().zip(&self.totals).map(|(name, total)| format!("{name} {total}"));
        format!("{}: {}", self.title, totals.collect::<Vec<_>>().join(", "))
    }

    /// What a pointer on a day shows.
    fn tip(&self, column: &Column) -> String {
        let values = self.names.iter().zip(&column.values).map(|(name, value)| format!("{name} {value}"));
        format!("{}: {}", column.day, values.collect::<Vec<_>>().join(", "))
    }

    fn first(&self) -> String {
        self.columns.first().map(|column| column.day.format("%m-%d").to_string()).unwrap_or_default()
    }

    fn last(&self) -> String {
        self.columns.last().map(|column| column.day.format("%m-%d").to_string()).unwrap_or_default()
    }
}

impl Bar {
    fn of(place: usize, at: usize, bars: usize, value: u64, most: u64) -> Bar {
        let width = BARS / bars as f64;
        // What is there at all is seen.
        let height = if value == 0 { 0.0 } else { (value as f64 / most as f64 * HEIGHT).max(1.0) };
        let x = place as f64 * PLACE + (PLACE - BARS) / 2.0 + at as f64 * width;
        let told = |number: f64| format!("{}", (number * 10.0).round() / 10.0);
        Bar { x: told(x), y: told(HEIGHT - height), width: told(width), height: told(height) }
    }
}

/// The next number that reads well: 1, 2 or 5, and zeros.
fn round_up(value: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let edge = unit.saturating_mul(factor);
            if edge >= value {
                return edge;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_read_well() {
        for (value, edge) in [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (51, 100), (1_999, 2_000), (u64::MAX, u64::MAX)]
        {
            assert_eq!(round_up(value), edge);
        }
    }

    #[test]
    fn bars_fill_their_places_and_small_ones_are_seen() {
        let bar = Bar::of(2, 1, 2, 50, 100);
        assert_eq!((bar.x.as_str(), bar.y.as_str(), bar.width.as_str(), bar.height.as_str()), ("25", "50", "4", "50"));
        assert_eq!(Bar::of(0, 0, 1, 1, 1_000_000).height, "1");
        assert_eq!(Bar::of(0, 0, 1, 0, 1).height, "0");
    }
}
