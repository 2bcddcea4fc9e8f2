//! An indicator seen in an event, and how it is told to people and to the way of a signal.

use std::borrow::Cow;

use super::kind::IocKind;
use super::mix;
use super::set::{Indicator, Indicators, Spot};
use crate::sigma::rule::{Level, LogSource, RuleInfo};

/// Bytes of a value in an id or title; of a longer one the beginning, and a hash of the whole.
const VALUE_BYTES_MAX: usize = 160;

/// An indicator seen in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IocHit {
    /// Position of the event in its batch.
    pub event: usize,
    /// The field that showed it; of several, the first.
    pub field: &'static str,
    /// How many further valid entries name the same, or a wider one: other feeds, ranges around a
    /// range, domains above a domain.
    pub more: u32,
    pub(crate) spot: Spot,
}

impl Indicators {
    /// Returns the indicator that was hit. The hit must come from this set.
    pub fn indicator(&self, hit: &IocHit) -> Indicator<'_> {
        self.at(hit.spot)
    }
}

impl Indicator<'_> {
    /// The level of every hit: grave enough for a person to look, and for no more than that.
    pub const LEVEL: Level = Level::High;

    /// Returns the id under which its hits are counted and joined: `ioc:<kind>:<value>`.
    pub fn rule_id(&self) -> String {
        format!("ioc:{}:{}", self.kind, self.short_value())
    }

    /// Returns it in the form of a rule, for whoever tells people about rules and hits.
    pub fn rule_info(&self) -> RuleInfo {
        let (value, id) = (self.short_value(), self.rule_id());
        let told = [self.context, self.about].into_iter().filter(|text| !text.is_empty());
        RuleInfo {
            family: id.clone(),
            id,
            title: format!("Indicator of compromise seen: {} {value}", self.kind),
            title_vi: Some(format!("Trùng chỉ dấu tấn công: {} {value}", self.kind.name_vi())),
            author: String::new(),
            link: self.link.to_owned(),
            level: Self::LEVEL,
            description: told.collect::<Vec<_>>().join(": "),
            tags: self.tlp.map(|tlp| format!("tlp.{tlp}")).into_iter().collect(),
            falsepositives: vec!["The indicator is old, or its owner has changed".to_owned()],
            advice_vi: Some(self.advice_vi().to_owned()),
            source: LogSource::default(),
            file: self.source.to_string_lossy().into_owned(),
        }
    }

    fn short_value(&self) -> Cow<'_, str> {
        if self.value.len() <= VALUE_BYTES_MAX {
            return Cow::Borrowed(&self.value);
        }
        let mut end = VALUE_BYTES_MAX;
        while !self.value.is_char_boundary(end) {
            end -= 1;
        }
        let whole = mix::exact(self.value.as_bytes());
        format!("{}…{whole:016x}", &self.value[..end]).into()
    }

    fn advice_vi(&self) -> &'static str {
        match self.kind {
            IocKind::Md5
            | IocKind::Sha1
            | IocKind::Sha256
            | IocKind::Imphash
            | IocKind::FileName
            | IocKind::FilePath => {
                "Cô lập máy khỏi mạng nhưng không tắt nguồn; giữ nguyên tệp làm chứng cứ; tìm cùng \
                 tệp này trên các máy khác; báo bộ phận chuyên trách an ninh mạng."
            }
            IocKind::Ip | IocKind::Range | IocKind::Domain | IocKind::Url => {
                "Chặn địa chỉ này tại tường lửa hoặc máy chủ tên miền; tìm tiến trình và tài khoản \
                 đã kết nối; kiểm tra các máy khác cũng kết nối đến đó."
            }
            IocKind::Email => {
                "Không mở tệp đính kèm và liên kết trong thư; thu hồi thư ở các hộp thư khác cùng \
                 nhận; đổi mật khẩu nếu đã nhập thông tin."
            }
        }
    }
}
