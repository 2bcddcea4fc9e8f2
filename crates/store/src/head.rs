//! The signed head: the end of the journal, signed, to be deposited with another unit.
//!
//! Whoever holds it can tell later that the journal still contains that line unchanged. The
//! signing key is a file apart and never in the database: who can rewrite the one cannot sign
//! with the other.

use std::io::ErrorKind;
use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::journal::{Hash, Head};
use crate::{StoreError, durable};

const DOMAIN: &[u8] = b"khien.journal.head.v1";
const KEY_FILE: &str = "journal.key";

/// The end of the journal at one moment, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The last line's number.
    pub seq: i64,
    /// The last line's hash.
    #[serde(with = "hex::serde")]
    pub hash: Hash,
    /// When it was signed, in microseconds UTC.
    pub at: i64,
    /// The key that signed it.
    #[serde(with = "hex::serde")]
    pub public_key: [u8; 32],
    /// Ed25519 over all of the above.
    #[serde(with = "hex::serde")]
    pub signature: [u8; 64],
}

impl SignedHead {
    /// Returns whether the key that the head carries signed it. Whose key that is must be known
    /// from elsewhere.
    pub fn is_genuine(&self) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.public_key) else { return false };
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&message(self.seq, &self.hash, self.at), &signature).is_ok()
    }
}

/// The key that signs heads.
pub struct JournalKey(SigningKey);

impl JournalKey {
    /// Reads `journal.key` in the folder of keys; makes it the first time.
    pub fn open(keys: &Path) -> Result<Self, StoreError> {
        let path = keys.join(KEY_FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let secret: [u8; 32] =
                    bytes.try_into().map_err(|_| StoreError::BadKey(path.clone()))?;
                Ok(Self(SigningKey::from_bytes(&secret)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Self::create(keys, &path),
            Err(error) => Err(StoreError::file(&path, error)),
        }
    }

    fn create(keys: &Path, path: &Path) -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        durable::private_folder(keys)?;
        durable::write_private(path, &secret)?;
        Ok(Self(SigningKey::from_bytes(&secret)))
    }

    /// Returns the public half, to be deposited once with whoever will hold the heads.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs the end of the journal as it is at `at`.
    pub fn sign(&self, head: Head, at: i64) -> SignedHead {
        let Head { seq, hash } = head;
        let signature = self.0.sign(&message(seq, &hash, at)).to_bytes();
        SignedHead { seq, hash, at, public_key: self.public_key(), signature }
    }
}

/// Every field has a fixed length, so that the parts cannot be shifted against each other.
fn message(seq: i64, hash: &Hash, at: i64) -> Vec<u8> {
    [DOMAIN, &seq.to_be_bytes(), hash, &at.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn signed(keys: &Path) -> SignedHead {
        JournalKey::open(keys).unwrap().sign(Head { seq: 4, hash: [7; 32] }, 5)
    }

    #[test]
    fn a_head_is_genuine_after_a_journey_as_json() {
        let keys = tempfile::tempdir().unwrap();
        let head = signed(keys.path());
        let text = serde_json::to_string(&head).unwrap();
        let back: SignedHead = serde_json::from_str(&text).unwrap();
        assert_eq!(back, head);
        assert!(back.is_genuine());
    }

    #[test]
    fn a_changed_head_is_not_genuine() {
        let keys = tempfile::tempdir().unwrap();
        let head = signed(keys.path());
        let changed = [
            SignedHead { seq: 5, ..head.clone() },
            SignedHead { hash: [8; 32], ..head.clone() },
            SignedHead { at: 6, ..head.clone() },
            SignedHead { public_key: [0; 32], ..head.clone() },
            SignedHead { signature: [0; 64], ..head },
        ];
        assert!(changed.iter().all(|head| !head.is_genuine()));
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        let keys = data.path().join("keys");
        let first = JournalKey::open(&keys).unwrap().public_key();
        assert_eq!(JournalKey::open(&keys).unwrap().public_key(), first);
        let mode = std::fs::metadata(keys.join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(keys.join(KEY_FILE), "short").unwrap();
        assert!(matches!(JournalKey::open(&keys), Err(StoreError::BadKey(_))));
    }
}
