//! rsigma, the fastest Sigma engine known, as its own documentation uses it.

use std::path::PathBuf;

use rsigma_eval::event::JsonEvent;
use rsigma_eval::{Engine, LogSourceExtractor};
use rsigma_parser::parse_sigma_directory;

use crate::clock::timed;
use crate::same::Read;
use crate::table::Round;

pub(crate) fn load(folders: &[PathBuf]) -> (f64, Engine) {
    timed(|| {
        let mut engine = Engine::new();
        for folder in folders {
            let collection = parse_sigma_directory(folder).expect("the rules are there");
            engine.add_rules(&collection.rules);
        }
        engine.set_logsource_extractor(Some(LogSourceExtractor::new()));
        engine
    })
}

pub(crate) fn parse_and_match(engine: &Engine, lines: &[String]) -> Round {
    let (seconds, hits) = timed(|| {
        let mut hits = 0;
        for line in lines {
            let value: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            hits += engine.evaluate(&JsonEvent::borrow(&value)).len();
        }
        hits
    });
    Round { events: lines.len(), seconds, hits }
}

pub(crate) fn match_only(engine: &Engine, lines: &[String]) -> Round {
    let values: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    let (seconds, hits) =
        timed(|| values.iter().map(|value| engine.evaluate(&JsonEvent::borrow(value)).len()).sum());
    Round { events: lines.len(), seconds, hits }
}

/// Matches events that were brought into the form in which the peer finds the same as ours.
pub(crate) fn match_read(read: &[Read]) -> Round {
    let (seconds, hits) = timed(|| read.iter().map(|event| event.find().count()).sum());
    Round { events: read.len(), seconds, hits }
}
