//! What the transport knows about an event that another format's decoder reads.

use crate::batch::Writer;

/// Host and time of a syslog header. The event's own word goes first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carrier<'c> {
    pub(crate) host: Option<&'c str>,
    pub(crate) t_event: Option<i64>,
}

impl Carrier<'_> {
    /// Fills in what the event itself did not tell.
    pub(crate) fn complete(self, event: &mut Writer<'_>) {
        if let Some(host) = self.host
            && !event.has("Computer")
        {
            event.text("Computer", host);
        }
        if let Some(us) = self.t_event {
            event.at_if_missing(us);
        }
    }
}
