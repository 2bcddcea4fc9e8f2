//! What an indicator is the sign of: the kinds, under the names that hits carry.

/// The kind of an indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IocKind {
    /// MD5 of a file.
    Md5,
    /// SHA-1 of a file.
    Sha1,
    /// SHA-256 of a file.
    Sha256,
    /// Hash of a Windows program's import table.
    Imphash,
    /// One IPv4 or IPv6 address.
    Ip,
    /// A range of addresses.
    Range,
    /// A domain with all names below it.
    Domain,
    /// A web address with all that lies below it.
    Url,
    /// An e-mail address.
    Email,
    /// A file's name, in whatever folder.
    FileName,
    /// A path, or the end of one.
    FilePath,
}

impl IocKind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 11] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Imphash,
        Self::Ip,
        Self::Range,
        Self::Domain,
        Self::Url,
        Self::Email,
        Self::FileName,
        Self::FilePath,
    ];

    /// Returns the name that hits carry; once released, it never changes its meaning.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Imphash => "imphash",
            Self::Ip => "ip",
            Self::Range => "range",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Email => "email",
            Self::FileName => "file_name",
            Self::FilePath => "file_path",
        }
    }

    /// Returns what an officer calls it.
    pub const fn name_vi(self) -> &'static str {
        match self {
            Self::Md5 => "mã băm MD5",
            Self::Sha1 => "mã băm SHA-1",
            Self::Sha256 => "mã băm SHA-256",
            Self::Imphash => "mã băm imphash",
            Self::Ip => "địa chỉ IP",
            Self::Range => "dải địa chỉ IP",
            Self::Domain => "tên miền",
            Self::Url => "địa chỉ web",
            Self::Email => "địa chỉ thư điện tử",
            Self::FileName => "tên tệp",
            Self::FilePath => "đường dẫn tệp",
        }
    }
}

impl std::fmt::Display for IocKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
