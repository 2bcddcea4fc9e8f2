//! Which field of an event is looked at for which kinds of indicator: the only table of it.
//!
//! Names are those of the Sigma taxonomy, of CEF and LEEF, and the ECS names that no native field
//! stands for. A field that is not here is not looked at.

/// What a field's text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Hashes of a file, one or several, with or without their names.
    Hashes,
    /// An import hash alone.
    Imphash,
    /// An address, perhaps with a port.
    Ip,
    /// A name or an address, perhaps with a port.
    Host,
    /// The host that the path of the same event belongs to.
    WebHost,
    /// Names and addresses in a list: a DNS answer, the proxies on the way.
    Answers,
    /// A web address.
    Url,
    /// A path on the web host of the same event; some sources write whole addresses there.
    WebPath,
    /// E-mail addresses, or accounts that may look like one.
    Email,
    /// A path or file name.
    File,
    /// Free text: the web addresses in it.
    Text,
    /// The whole of what a device says, where nobody took it apart: names and addresses in it.
    Message,
}

#[rustfmt::skip]
static FIELDS: &[(&str, Look)] = &[
    // Hashes
    ("Hashes", Look::Hashes), ("Hash", Look::Hashes), ("hashes", Look::Hashes),
    ("hash", Look::Hashes), ("MD5", Look::Hashes), ("md5", Look::Hashes), ("SHA1", Look::Hashes),
    ("sha1", Look::Hashes), ("SHA256", Look::Hashes), ("sha256", Look::Hashes),
    ("fileHash", Look::Hashes), ("filehash", Look::Hashes), ("oldFileHash", Look::Hashes),
    ("FileHash", Look::Hashes), ("FileSHA256", Look::Hashes), ("FileMD5", Look::Hashes),
    ("process.hash.md5", Look::Hashes), ("process.hash.sha1", Look::Hashes),
    ("process.hash.sha256", Look::Hashes), ("file.hash.md5", Look::Hashes),
    ("file.hash.sha1", Look::Hashes), ("file.hash.sha256", Look::Hashes),
    ("dll.hash.md5", Look::Hashes), ("dll.hash.sha1", Look::Hashes),
    ("dll.hash.sha256", Look::Hashes),
    ("Imphash", Look::Imphash), ("IMPHASH", Look::Imphash), ("imphash", Look::Imphash),
    ("process.pe.imphash", Look::Imphash), ("file.pe.imphash", Look::Imphash),
    ("dll.pe.imphash", Look::Imphash),
    // Addresses
    ("SourceIp", Look::Ip), ("DestinationIp", Look::Ip), ("IpAddress", Look::Ip),
    ("SourceAddress", Look::Ip), ("DestAddress", Look::Ip), ("ClientAddress", Look::Ip),
    ("ClientIP", Look::Ip), ("RemoteAddress", Look::Ip), ("RemoteIP", Look::Ip),
    ("src_ip", Look::Ip), ("dst_ip", Look::Ip), ("dest_ip", Look::Ip), ("src", Look::Ip),
    ("dst", Look::Ip), ("c-ip", Look::Ip), ("s-ip", Look::Ip), ("r-ip", Look::Ip),
    ("sourceTranslatedAddress", Look::Ip), ("destinationTranslatedAddress", Look::Ip),
    ("source.ip", Look::Ip), ("destination.ip", Look::Ip), ("client.ip", Look::Ip),
    ("server.ip", Look::Ip), ("identSrc", Look::Ip), ("addr", Look::Ip), ("laddr", Look::Ip),
    ("c6a2", Look::Ip), ("c6a3", Look::Ip), ("srcPreNAT", Look::Ip), ("dstPreNAT", Look::Ip),
    ("srcPostNAT", Look::Ip), ("dstPostNAT", Look::Ip), ("X-Forwarded-For", Look::Answers),
    ("x-forwarded-for", Look::Answers), ("dest", Look::Host),
    // Names
    ("QueryName", Look::Host), ("DestinationHostname", Look::Host), ("SourceHostname", Look::Host),
    ("dhost", Look::Host), ("shost", Look::Host), ("query", Look::Host), ("QNAME", Look::Host),
    ("RemoteHost", Look::Host), ("destinationDnsDomain", Look::Host), ("rhost", Look::Host),
    ("sourceDnsDomain", Look::Host), ("quic.sni", Look::Host),
    ("dns.question.name", Look::Host), ("destination.domain", Look::Host),
    ("tls.sni", Look::Host), ("sni", Look::Host), ("server_name", Look::Host),
    ("dns.queries.rrname", Look::Host), ("dns.query.rrname", Look::Host),
    ("dns.rrname", Look::Host), ("rrname", Look::Host), ("tls.client.server_name", Look::Host),
    ("cs-host", Look::WebHost), ("http.hostname", Look::WebHost), ("r-dns", Look::WebHost),
    ("dns.answers.rdata", Look::Answers), ("QueryResults", Look::Answers),
    ("answer", Look::Answers), ("answers", Look::Answers),
    // Web
    ("Url", Look::Url), ("URL", Look::Url), ("url", Look::Url), ("request", Look::Url),
    ("url.full", Look::Url), ("url.original", Look::Url), ("c-uri", Look::WebPath),
    ("cs-uri", Look::WebPath), ("http.url", Look::WebPath), ("requestUrl", Look::Url),
    ("cs-referer", Look::Url), ("cs-referrer", Look::Url), ("http.http_refer", Look::Url),
    ("requestContext", Look::Url), ("HostUrl", Look::Url), ("ReferrerUrl", Look::Url),
    ("RemoteName", Look::Url), ("remoteName", Look::Url), ("http.redirect", Look::Url),
    ("email.url", Look::Url),
    // Mail
    ("suser", Look::Email), ("duser", Look::Email), ("sender", Look::Email),
    ("recipient", Look::Email), ("from", Look::Email), ("to", Look::Email),
    ("mailfrom", Look::Email), ("rcptto", Look::Email), ("email.from.address", Look::Email),
    ("email.to.address", Look::Email), ("smtp.mail_from", Look::Email),
    ("smtp.rcpt_to", Look::Email), ("email.from", Look::Email), ("email.to", Look::Email),
    ("usrName", Look::Email), ("User", Look::Email), ("UserId", Look::Email),
    ("TargetUserName", Look::Email), ("cs-username", Look::Email), ("user", Look::Email),
    ("SenderAddress", Look::Email), ("RecipientAddress", Look::Email),
    // Files
    ("Image", Look::File), ("ParentImage", Look::File), ("SourceImage", Look::File),
    ("TargetImage", Look::File), ("NewProcessName", Look::File),
    ("ParentProcessName", Look::File), ("ProcessName", Look::File), ("Application", Look::File),
    ("ImageLoaded", Look::File), ("TargetFilename", Look::File), ("FileName", Look::File),
    ("Filename", Look::File), ("filePath", Look::File), ("fname", Look::File),
    ("fileName", Look::File), ("oldFilePath", Look::File), ("sproc", Look::File),
    ("dproc", Look::File), ("Path", Look::File), ("ObjectName", Look::File),
    ("RelativeTargetName", Look::File), ("ImagePath", Look::File), ("ServiceFileName", Look::File),
    ("OriginalFileName", Look::File), ("exe", Look::File), ("file.path", Look::File),
    ("process.executable", Look::File), ("fileinfo.filename", Look::File),
    ("email.attachment", Look::File), ("name", Look::File),
    // Text
    ("CommandLine", Look::Text), ("ParentCommandLine", Look::Text),
    ("ProcessCommandLine", Look::Text), ("command", Look::Text), ("ScriptBlockText", Look::Text),
    ("Payload", Look::Text), ("HostApplication", Look::Text), ("Details", Look::Text),
    ("proctitle", Look::Text), ("objectUri", Look::Text),
    // What firewalls and mail servers say by syslog
    ("message", Look::Message),
];

/// Returns what the field holds, and the field's name for as long as the program runs.
pub(crate) fn of(field: &str) -> Option<(Look, &'static str)> {
    // Asked once per field name of a batch.
    FIELDS.iter().find(|(name, _)| *name == field).map(|(name, look)| (*look, *name))
}

#[cfg(test)]
mod tests {
    use khien_event::{Column, names};

    use super::*;

    #[test]
    fn no_field_stands_twice() {
        for (i, (name, _)) in FIELDS.iter().enumerate() {
            assert!(FIELDS[i + 1..].iter().all(|(other, _)| other != name), "{name}");
        }
    }

    #[test]
    fn the_columns_that_may_hold_an_indicator_are_looked_at() {
        let columns = [
            Column::Hash,
            Column::Domain,
            Column::SrcIp,
            Column::DstIp,
            Column::Process,
            Column::CommandLine,
            Column::File,
        ];
        for field in columns.into_iter().flat_map(names::fields_of) {
            assert!(of(field).is_some(), "{field}");
        }
        // The path alone, without its query, adds nothing to the whole.
        let urls: Vec<_> =
            names::fields_of(Column::Url).filter(|field| of(field).is_none()).collect();
        assert_eq!(urls, ["cs-uri-stem"]);
    }
}
