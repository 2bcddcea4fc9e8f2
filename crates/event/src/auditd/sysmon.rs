//! The same event in the words of Sysmon for Linux, which SigmaHQ's rules for Linux processes,
//! connections and files are written in.
//!
//! A started program has `Image` and `CommandLine`, a connection `Initiated`, a made file
//! `TargetFilename`: by these the event's category is known. The parent's program is known when its
//! own start was seen shortly before.

use std::collections::HashMap;

use super::arguments::Arguments;
use super::join::Open;
use crate::batch::{Value, Writer};

/// Programs remembered to name the parents of later ones.
const PROGRAMS_MAX: usize = 4096;
/// A program that started longer ago may have given its number to another.
const PROGRAM_AGE_MAX_US: i64 = 3600 * 1_000_000;
/// The part of a command line that is remembered.
const COMMAND_LINE_BYTES_MAX: usize = 1024;

/// (machine, process id)
type Process = (Option<Box<str>>, String);

/// The programs last seen to start.
#[derive(Debug, Default)]
pub(super) struct Programs {
    known: HashMap<Process, Program>,
}

#[derive(Debug)]
struct Program {
    at_us: i64,
    image: String,
    command_line: String,
}

/// Adds Sysmon's fields where the event is of a kind that Sysmon knows.
pub(super) fn write(
    open: &Open,
    arguments: &Arguments,
    made_file: Option<String>,
    programs: &mut Programs,
    event: &mut Writer<'_>,
) {
    let call = owned("SYSCALL", event);
    let failed = event.holds("success", "no");
    let call = call.as_deref().unwrap_or_default();
    let starts = !arguments.is_empty() || matches!(call, "execve" | "execveat");
    if starts && !failed {
        process(event);
        started(open, arguments, programs, event);
    } else if matches!(call, "connect" | "accept" | "accept4") && event.has("lport") {
        // A connection that is still being made counts as failed.
        process(event);
        connected(call == "connect", event);
    } else if let Some(path) = made_file.filter(|_| !failed && !call.starts_with("mkdir")) {
        process(event);
        event.text("TargetFilename", &path);
    }
}

fn owned(field: &str, event: &Writer<'_>) -> Option<String> {
    event.first(field).and_then(Value::as_text).map(str::to_owned)
}

fn copy(from: &str, to: &str, event: &mut Writer<'_>) {
    if let Some(text) = owned(from, event) {
        event.text(to, &text);
    }
}

fn process(event: &mut Writer<'_>) {
    copy("exe", "Image", event);
    copy("pid", "ProcessId", event);
    copy("ppid", "ParentProcessId", event);
    copy("cwd", "CurrentDirectory", event);
    if event.has("UID") {
        copy("UID", "User", event);
    } else if event.holds("uid", "0") {
        event.text("User", "root");
    }
}

fn started(open: &Open, arguments: &Arguments, programs: &mut Programs, event: &mut Writer<'_>) {
    let title = || owned("proctitle", event).unwrap_or_default();
    let command_line = if arguments.is_empty() { title() } else { arguments.command_line() };
    event.text("CommandLine", &command_line);
    if let Some(parent) = owned("ppid", event).and_then(|pid| programs.get(open, pid)) {
        event.text("ParentImage", &parent.image);
        event.text("ParentCommandLine", &parent.command_line);
    }
    if let (Some(pid), Some(image)) = (owned("pid", event), owned("exe", event)) {
        programs.remember(open, pid, image, command_line);
    }
}

fn connected(outwards: bool, event: &mut Writer<'_>) {
    let (ip, port) = match outwards {
        true => ("DestinationIp", "DestinationPort"),
        false => ("SourceIp", "SourcePort"),
    };
    copy("laddr", ip, event);
    copy("lport", port, event);
    event.text("Initiated", if outwards { "true" } else { "false" });
}

impl Programs {
    fn get(&self, open: &Open, pid: String) -> Option<&Program> {
        let program = self.known.get(&(open.host.clone(), pid))?;
        let age_us = open.at_us.saturating_sub(program.at_us);
        (0..=PROGRAM_AGE_MAX_US).contains(&age_us).then_some(program)
    }

    fn remember(&mut self, open: &Open, pid: String, image: String, mut command_line: String) {
        if self.known.len() >= PROGRAMS_MAX {
            self.known.clear();
        }
        let end = command_line.floor_char_boundary(COMMAND_LINE_BYTES_MAX);
        command_line.truncate(end);
        let program = Program { at_us: open.at_us, image, command_line };
        self.known.insert((open.host.clone(), pid), program);
    }
}
