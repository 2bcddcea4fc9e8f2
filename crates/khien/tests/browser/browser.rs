//! Debian's chromium behind its chromedriver, and what must hold of every page in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const DRIVER: &str = "/usr/bin/chromedriver";
const BROWSER: &str = "/usr/bin/chromium";
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];
/// Widths at which no page may scroll sideways.
const WIDTHS: [u32; 4] = [320, 360, 768, 1280];
const HEIGHT: u32 = 800;
/// Collects what a page complains of, from its first script on.
const LISTEN: &str = "window.complaints = [];
  const note = (text) => window.complaints.push(String(text));
  addEventListener('error', (e) => note(e.message || 'cannot load ' + (e.target.src || e.target.href)), true);
  addEventListener('unhandledrejection', (e) => note(e.reason));
  document.addEventListener('securitypolicyviolation', (e) => note(e.violatedDirective + ' ' + e.blockedURI));
  const error = console.error;
  console.error = (...words) => { note(words.join(' ')); error(...words); };";
const ARRIVED: &str = "return !window.old && document.readyState === 'complete';";
/// The longest that one page may take.
const PAGE_PATIENCE: Duration = Duration::from_secs(20);
const AXE_RUN: &str = "const done = arguments[arguments.length - 1];
  axe.run(document, { resultTypes: ['violations'] }).then(
    (found) => done(found.violations.map((v) =>
      v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary).join(' | '))),
    (broken) => done([String(broken)]));";
/// Names what sticks out when the page scrolls sideways.
const OVERFLOW: &str = "if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((e) => e.getBoundingClientRect().right > innerWidth)
    .map((e) => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right));";

/// Whether pages may run their scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    Run,
    Blocked,
}

impl Scripts {
    /// The browser asks for Vietnamese; 2 blocks the scripts of pages, not those of the driver.
    fn preferences(self) -> Value {
        let content = if self == Self::Run { 1 } else { 2 };
        json!({ "intl.accept_languages": "vi",
                "profile.managed_default_content_settings.javascript": content })
    }
}

/// A browser with one window; cloning it shares the window.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    axe: Arc<String>,
    pictures: PathBuf,
    taken: Arc<AtomicUsize>,
    held: Arc<Held>,
}

/// The processes and folders that live as long as the browser.
struct Held {
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; nothing, with a loud word, where the machine has none.
    pub(crate) async fn start(scripts: Scripts) -> Option<Self> {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../web/node_modules/axe-core/axe.min.js");
        for needed in [Path::new(DRIVER), Path::new(BROWSER), &axe] {
            if !needed.exists() {
                // The test harness hides what a passing test prints.
                let _told = writeln!(
                    std::io::stderr(),
                    "SKIPPED: browser test: {} is missing (apt install chromium chromium-driver; \
                     make assets)",
                    needed.display()
                );
                return None;
            }
        }
        let (process, port) = start_driver().await;
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(BROWSER).unwrap();
        for flag in FLAGS {
            wanted.add_arg(flag).unwrap();
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        wanted.add_experimental_option("prefs", scripts.preferences()).unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await.unwrap();
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&pictures).unwrap();
        let browser = Self {
            driver,
            axe: Arc::new(std::fs::read_to_string(axe).unwrap()),
            pictures,
            taken: Arc::default(),
            held: Arc::new(Held { _driver: process, _profile: profile }),
        };
        browser
            .devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": LISTEN }))
            .await;
        Some(browser)
    }

    /// Ends browser and driver.
    pub(crate) async fn quit(self) {
        let Self { driver, held, .. } = self;
        driver.quit().await.unwrap();
        drop(held);
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        self.driver.cdp().send_raw(command, parameters).await.unwrap();
    }

    /// Makes the window as wide as a device.
    pub(crate) async fn widen(&self, width: u32) {
        let size = json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1,
                           "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub(crate) async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    pub(crate) async fn find(&self, css: &str) -> WebElement {
        let found = self.driver.find(By::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => {
                self.picture("lost").await;
                let at = self.driver.current_url().await.unwrap();
                panic!("{css} is not at {at}: {error}")
            }
        }
    }

    /// Presses what a person would press; opens first whatever it is folded into.
    pub(crate) async fn press(&self, css: &str) {
        let target = self.find(css).await;
        self.driver
            .execute(
                "for (let e = arguments[0]; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
                 arguments[0].scrollIntoView({ block: 'center' });",
                vec![target.to_json().unwrap()],
            )
            .await
            .unwrap();
        if let Err(error) = target.click().await {
            self.picture("stuck").await;
            panic!("{css} cannot be pressed: {error}");
        }
    }

    /// Presses what leads to another page, and waits until that one stands.
    pub(crate) async fn follow(&self, css: &str) {
        self.driver.execute("window.old = true;", vec![]).await.unwrap();
        self.press(css).await;
        self.arrived(css).await;
    }

    /// Waits for the page after the one that was marked as old.
    pub(crate) async fn arrived(&self, from: &str) {
        self.until(ARRIVED, &format!("{from} leads somewhere")).await;
    }

    /// Waits until a script of the page says yes; each question to the browser takes its time, so
    /// that this is no idle turning.
    pub(crate) async fn until(&self, script: &str, what: &str) {
        let holds = async {
            loop {
                // In the middle of a change of pages there is no page to ask.
                if let Ok(told) = self.driver.execute(script, vec![]).await
                    && told.json() == &json!(true)
                {
                    return;
                }
            }
        };
        if tokio::time::timeout(PAGE_PATIENCE, holds).await.is_err() {
            self.picture("late").await;
            panic!("does not come true: {what}");
        }
    }

    pub(crate) async fn write(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Returns what the page says.
    pub(crate) async fn text(&self) -> String {
        self.find("main, body").await.text().await.unwrap()
    }

    /// Holds the page to what every page must be, and takes its picture.
    pub(crate) async fn check(&self, name: &str, width: u32) {
        self.picture(&format!("{width}-{name}")).await;
        self.driver.execute(self.axe.as_str(), vec![]).await.unwrap();
        let found = self.driver.execute_async(AXE_RUN, vec![]).await.unwrap();
        assert_eq!(found.json(), &json!([]), "{name} at {width}: accessibility");
        for other in WIDTHS {
            self.widen(other).await;
            let wide = self.driver.execute(OVERFLOW, vec![]).await.unwrap();
            assert_eq!(wide.json(), &json!([]), "{name} scrolls sideways on {other} px");
        }
        self.widen(width).await;
        let complaints = self.driver.execute("return window.complaints;", vec![]).await.unwrap();
        assert_eq!(complaints.json(), &json!([]), "{name} at {width}: console");
    }

    async fn picture(&self, name: &str) {
        let place = self.taken.fetch_add(1, Ordering::Relaxed);
        let path = self.pictures.join(format!("{place:02}-{name}.png"));
        self.driver.screenshot(&path).await.unwrap();
    }
}

/// Starts chromedriver on a port of its choice.
async fn start_driver() -> (Child, u16) {
    let mut process = Command::new(DRIVER)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            let port = port.trim_end_matches('.').parse().unwrap();
            // What it says later must not fill the pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (process, port);
        }
    }
    panic!("chromedriver named no port")
}
