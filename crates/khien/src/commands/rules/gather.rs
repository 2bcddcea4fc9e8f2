//! The rule files of folders and zip archives, read into memory before anything is written.
//!
//! Rules are fetched from strangers and carried over on sticks. An archive that tries to write
//! elsewhere, to be larger than it says or to be what it is not is refused as a whole: whoever built
//! it has shown what the rest is worth.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use khien_detect::{FILE_BYTES_MAX, RULES_MAX};
use sha2::{Digest as _, Sha256};

use super::super::hunt::progress::BytesRead;
use super::super::hunt::{unpack, zip};
use super::cell;

/// Files that are taken: as many as rules can be loaded.
const FILES_MAX: usize = RULES_MAX;
/// Bytes of all of them.
const BYTES_MAX: usize = 256 << 20;
/// Bytes of one path within the folder.
const PATH_BYTES_MAX: usize = 300;
/// Folders within folders.
const FOLDERS_DEEP_MAX: usize = 32;
/// Entries of folders that are looked at, whatever they are.
const ENTRIES_MAX: usize = 200_000;
/// What the folders of rules begin with in `SigmaHQ`'s collection. What lies beside them (tests,
/// withdrawn rules, samples) is not meant to be run.
const RULES_FOLDER: &str = "rules";

/// Rule files and licences: their path below the folder, with `/`, and their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Folders beside those of the rules that were left out, with their rule files.
    pub(super) left_out: BTreeMap<String, usize>,
    pub(super) bytes: usize,
}

impl Gathered {
    /// Reads what several folders and archives hold together.
    ///
    /// # Errors
    /// When one cannot be read, is beyond a bound, or holds a path that another holds, too.
    pub(super) fn read(paths: &[impl AsRef<Path>]) -> Result<Self> {
        let mut all = Self::default();
        for path in paths {
            let path = path.as_ref();
            let one = Self::of(path).with_context(|| format!("reading {}", path.display()))?;
            all.join(one.rules_only())?;
        }
        ensure!(!all.files.is_empty(), "there is no rule file (.yml, .yaml) in it");
        Ok(all)
    }

    /// Reads a folder as it is.
    pub(super) fn folder(path: &Path) -> Result<Self> {
        let mut gathered = Self::default();
        gathered.walk(path, "", &mut 0, 0)?;
        Ok(gathered)
    }

    /// Returns the hash of paths and bytes, which says that two folders hold the same.
    pub(super) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &self.files {
            for part in [path.as_bytes(), bytes] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        hex::encode(hash.finalize())
    }

    /// Returns the files that say under which terms the rules may be used.
    pub(super) fn licences(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).filter(|path| is_licence(path))
    }

    fn of(path: &Path) -> Result<Self> {
        if path.is_dir() { Self::folder(path) } else { Self::archive(path) }
    }

    fn walk(&mut self, folder: &Path, below: &str, seen: &mut usize, depth: usize) -> Result<()> {
        ensure!(depth <= FOLDERS_DEEP_MAX, "folders nested deeper than {FOLDERS_DEEP_MAX}");
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            *seen += 1;
            ensure!(*seen <= ENTRIES_MAX, "more than {ENTRIES_MAX} files and folders");
            let kind = entry.file_type()?;
            let name = entry.file_name();
            // Never a file's business here: hidden, or a link that may lead anywhere.
            if name.as_encoded_bytes().starts_with(b".") || kind.is_symlink() {
                continue;
            }
            let name = name.to_str().with_context(|| {
                format!("'{}' is no UTF-8", entry.file_name().to_string_lossy())
            })?;
            let path = format!("{below}{name}");
            if kind.is_dir() {
                self.walk(&entry.path(), &format!("{path}/"), seen, depth + 1)?;
            } else if kind.is_file() && is_wanted(&path) {
                let mut bytes = Vec::new();
                fs::File::open(entry.path())?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
                self.take(path, bytes)?;
            }
        }
        Ok(())
    }

    fn archive(path: &Path) -> Result<Self> {
        let (members, wrong) = zip::members(path)?;
        if let Some(wrong) = wrong {
            bail!(wrong);
        }
        let mut gathered = Self::default();
        for member in members {
            let name = member.name;
            ensure!(!member.is_link, "'{}' is a link", cell(&name));
            ensure!(is_inside(&name), "'{}' does not lie within the archive", cell(&name));
            let is_hidden = name.split('/').any(|part| part.starts_with('.'));
            if is_hidden || !is_wanted(&name) {
                continue;
            }
            let packed = member.packed.map_err(anyhow::Error::msg).context(name.clone())?;
            let mut bytes = Vec::new();
            let ended_by = unpack::unpack(&packed, &BytesRead::default(), &mut |plain| {
                plain.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map(drop)
            })
            .with_context(|| name.clone())?;
            if let Some(problem) = ended_by {
                bail!("{name}: {problem}");
            }
            gathered.take(name, bytes)?;
        }
        Ok(gathered.without_top())
    }

    fn take(&mut self, path: String, bytes: Vec<u8>) -> Result<()> {
        ensure!(
            bytes.len() as u64 <= FILE_BYTES_MAX,
            "{path} has more than {FILE_BYTES_MAX} bytes"
        );
        ensure!(path.len() <= PATH_BYTES_MAX, "a path of more than {PATH_BYTES_MAX} bytes");
        // Else an archive would put down what no later import could read.
        let depth = path.matches('/').count();
        ensure!(depth <= FOLDERS_DEEP_MAX, "folders nested deeper than {FOLDERS_DEEP_MAX}");
        ensure!(self.files.len() < FILES_MAX, "more than {FILES_MAX} files");
        self.bytes += bytes.len();
        ensure!(self.bytes <= BYTES_MAX, "more than {BYTES_MAX} bytes of rules");
        if self.files.contains_key(&path) {
            bail!("'{path}' is there twice");
        }
        self.files.insert(path, bytes);
        Ok(())
    }

    fn join(&mut self, other: Self) -> Result<()> {
        for (folder, count) in other.left_out {
            *self.left_out.entry(folder).or_default() += count;
        }
        other.files.into_iter().try_for_each(|(path, bytes)| self.take(path, bytes))
    }

    /// An archive of a whole repository lies in one folder named after its version.
    fn without_top(self) -> Self {
        let top = self.files.keys().next().and_then(|path| path.split_once('/'));
        let Some(top) = top.map(|(top, _)| format!("{top}/")) else { return self };
        if top == format!("{RULES_FOLDER}/")
            || !self.files.keys().all(|path| path.starts_with(&top))
        {
            return self;
        }
        let cut = |(path, bytes): (String, Vec<u8>)| (path[top.len()..].to_owned(), bytes);
        Self { files: self.files.into_iter().map(cut).collect(), ..self }
    }

    /// Of a collection that has folders of rules, these and the licence.
    fn rules_only(mut self) -> Self {
        let top = |path: &str| path.split_once('/').map(|(top, _)| top.to_owned());
        if !self.files.keys().any(|path| top(path).as_deref() == Some(RULES_FOLDER)) {
            return self;
        }
        let mut left_out = BTreeMap::new();
        self.files.retain(|path, _| match top(path) {
            None => is_licence(path),
            Some(top) if top.starts_with(RULES_FOLDER) => true,
            Some(top) => {
                *left_out.entry(top).or_default() += 1;
                false
            }
        });
        self.left_out = left_out;
        self.bytes = self.files.values().map(Vec::len).sum();
        self
    }
}

/// Whether a path stays below the folder that it is written to.
fn is_inside(path: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '\u{fffd}');
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(odd) && path.split('/').all(plain)
}

fn is_wanted(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml") || is_licence(path)
}

/// Whether it is one of the files at the top that licences lie in.
fn is_licence(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    ["license", "licence", "copying", "notice"].iter().any(|word| name.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(paths: &[&str]) -> Gathered {
        let mut gathered = Gathered::default();
        paths.iter().for_each(|path| gathered.take((*path).to_owned(), vec![1]).unwrap());
        gathered
    }

    fn paths(gathered: &Gathered) -> Vec<&str> {
        gathered.files.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_repository_is_stripped_to_its_rules() {
        let whole = [
            "sigma-r1/LICENSE",
            "sigma-r1/rules/windows/a.yml",
            "sigma-r1/rules-dfir/b.yml",
            "sigma-r1/deprecated/c.yml",
            "sigma-r1/tests/t.yml",
            "sigma-r1/odd.yml",
        ];
        let kept = gathered(&whole).without_top().rules_only();
        assert_eq!(paths(&kept), ["LICENSE", "rules-dfir/b.yml", "rules/windows/a.yml"]);
        assert_eq!(kept.left_out, BTreeMap::from([("deprecated".into(), 1), ("tests".into(), 1)]));
        assert_eq!(kept.licences().collect::<Vec<_>>(), ["LICENSE"]);
        // Rules alone stay as they are.
        let alone = gathered(&["windows/a.yml", "linux/b.yml"]);
        assert_eq!(alone.clone().without_top().rules_only(), alone);
        let only = gathered(&["rules/a.yml"]);
        assert_eq!(paths(&only.without_top().rules_only()), ["rules/a.yml"]);
    }

    #[test]
    fn paths_stay_inside() {
        for path in ["a.yml", "a/b c/Thư mục.yml", "a/..b/c.yml"] {
            assert!(is_inside(path), "{path}");
        }
        for path in [
            "/a.yml",
            "../a.yml",
            "a/../../b.yml",
            "a//b.yml",
            "./a.yml",
            "a\\..\\b.yml",
            "C:/a.yml",
            "a\n.yml",
            "\u{fffd}.yml",
            "",
        ] {
            assert!(!is_inside(path), "{path}");
        }
    }

    #[test]
    fn the_hash_tells_paths_from_bytes() {
        let one = gathered(&["a", "b"]).sha256();
        assert_eq!((one.len(), &one), (64, &gathered(&["b", "a"]).sha256()));
        let mut other = gathered(&["a"]);
        other.files.insert("b".into(), vec![2]);
        assert_ne!(one, other.sha256());
        assert_ne!(one, gathered(&["ab"]).sha256());
    }

    #[test]
    fn what_is_there_twice_or_too_large_is_refused() {
        let mut gathered = gathered(&["a.yml"]);
        assert!(gathered.take("a.yml".into(), vec![]).is_err());
        assert!(gathered.take("b.yml".into(), vec![0; FILE_BYTES_MAX as usize + 1]).is_err());
        assert!(gathered.take("x".repeat(PATH_BYTES_MAX + 1), vec![]).is_err());
        assert!(gathered.take("x/".repeat(FOLDERS_DEEP_MAX) + "deep.yml", vec![]).is_ok());
        assert!(gathered.take("x/".repeat(FOLDERS_DEEP_MAX + 1) + "deeper.yml", vec![]).is_err());
    }
}
