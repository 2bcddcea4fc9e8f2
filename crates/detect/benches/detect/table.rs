//! Rounds into medians, medians into a table.

/// Rounds per row.
const ROUNDS: usize = 5;

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) events: usize,
    pub(crate) seconds: f64,
    pub(crate) hits: usize,
}

impl Round {
    fn rate(self) -> f64 {
        self.events as f64 / self.seconds
    }
}

#[derive(Debug)]
pub(crate) struct Table {
    wanted: String,
    lines: Vec<String>,
}

impl Table {
    /// Returns a table for the rows whose name holds a text.
    pub(crate) fn of(rows: &str) -> Self {
        Self { wanted: rows.to_owned(), lines: Vec::new() }
    }

    /// Measures both sides by turns, so that whatever disturbs the machine disturbs both.
    pub(crate) fn row(&mut self, what: &str, mut round: impl FnMut() -> (Round, Option<Round>)) {
        if !what.contains(&self.wanted) {
            return;
        }
        let rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
        let ours = median(rounds.iter().map(|(ours, _)| ours.rate()).collect());
        let peers: Vec<f64> = rounds.iter().filter_map(|(_, peer)| peer.map(Round::rate)).collect();
        let (peer, ratio) = if peers.is_empty() {
            ("–".to_owned(), "–".to_owned())
        } else {
            let peer = median(peers);
            (format!("{peer:.0}"), format!("{:.1}×", ours / peer))
        };
        let line = format!("| {what:<36} | {ours:>9.0} | {peer:>9} | {ratio:>6} |");
        eprintln!("{line}");
        self.lines.push(line);
    }

    pub(crate) fn print(&self) {
        println!("| events per second of one core          |      ours |    rsigma |  ratio |");
        println!("|---|---|---|---|");
        self.lines.iter().for_each(|line| println!("{line}"));
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
