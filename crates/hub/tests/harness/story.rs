//! The steps of the main job, each done as a person does it: by its form, over HTTP.

use khien_hub::web::time::field;

use super::{Client, TestApp};

/// The id at the end of the page that a form led to: `/incidents/<id>`.
pub(crate) fn id_in(path: &str) -> String {
    let id = path.split('/').nth(2).unwrap_or_default();
    assert_eq!(id.len(), 36, "{path} names no row");
    id.to_owned()
}

impl TestApp {
    /// The desk enters a report that `unit` telephoned; returns the signal.
    pub(crate) async fn telephoned(&self, unit: &str) -> String {
        let desk = self.as_("truc.ban").await;
        let page = desk.get("/report/on-behalf").await.ok();
        let (form_key, detected) = (page.input("form_key"), page.input("detected"));
        let form = self.report_form(&form_key, &detected, unit);
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        id_in(desk.post("/report/on-behalf", &form).await.is(303).location())
    }

    /// A filled report on behalf of a unit.
    pub(crate) fn report_form(
        &self,
        form_key: &str,
        detected: &str,
        unit: &str,
    ) -> Vec<(&'static str, String)> {
        vec![
            ("form_key", form_key.to_owned()),
            ("detected", detected.to_owned()),
            ("unit", self.world.unit(unit).to_string()),
            ("teller_name", "Trần Thị Minh".to_owned()),
            ("teller_phone", "0912 345 678".to_owned()),
            ("way", "telephone".to_owned()),
            ("sign", "files_locked".to_owned()),
            ("text", "Máy văn thư không mở được tệp nào".to_owned()),
            ("system", "Máy văn thư".to_owned()),
            ("technical", String::new()),
        ]
    }

    /// Xác minh: opens an incident of a signal, with a first task for its unit; returns it.
    pub(crate) async fn verified(&self, signal: &str) -> String {
        let desk = self.as_("truc.ban").await;
        let path = format!("/signals/{signal}/verify");
        desk.get(&path).await.ok();
        let form = [
            ("into", "open"),
            ("title", "Mã hóa tệp ở xã An Bình"),
            ("category", "encryption"),
            ("severity", "high"),
            ("task", "yes"),
            ("task_title", "Ngắt máy khỏi mạng, giữ nguyên hiện trạng"),
            ("task_details", "Gửi ảnh màn hình."),
        ];
        id_in(desk.post(&path, &form).await.is(303).location())
    }

    /// Returns the first task of an incident, as the API lists it to the coordinator.
    pub(crate) async fn task_of(&self, incident: &str) -> String {
        let lead = self.as_("dieu.phoi").await;
        let tasks = lead.json("/api/v1/tasks?limit=200").await;
        let found = tasks["items"].as_array().unwrap().iter().find(|t| t["matter"] == incident);
        found.unwrap_or_else(|| panic!("{incident} has no task"))["id"].as_str().unwrap().to_owned()
    }

    /// The unit's officer answers a task with a photograph.
    pub(crate) async fn answered(&self, officer: &Client, task: &str) {
        let form = [("proof", "Đã ngắt mạng lúc 9 giờ")];
        let photo: &[(&str, &str, &[u8])] = &[("files", "màn hình.png", b"\x89PNG made of bytes")];
        let path = format!("/tasks/{task}");
        officer.upload(&format!("{path}/submit"), &form, photo).await.leads_to(&path);
    }

    /// The lead records the report that the law wants of an incident, made now.
    pub(crate) async fn law_reported(&self, lead: &Client, incident: &str) {
        let path = format!("/incidents/{incident}");
        let made = field(self.now());
        let form = [("term", "notice"), ("number", "77/BC-CAT"), ("made", made.as_str())];
        lead.post(&format!("{path}/reports"), &form).await.leads_to(&path);
    }
}
