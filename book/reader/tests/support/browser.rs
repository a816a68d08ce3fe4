//! A real Chromium, driven by chromedriver.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use thirtyfour::Key;
use thirtyfour::prelude::*;

/// Nothing on a page takes this long unless it hangs, not even a first build.
const LIMIT: Duration = Duration::from_secs(600);

/// A browser with a profile of its own, which chromedriver makes and removes.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    supervisor: Child,
}

/// What a missing tool means: in CI a failure, elsewhere a word on how to get it.
fn missing(what: &str, how: &str) {
    let told =
        format!("{what} is missing, so nothing was tested; get it with: {how}");
    assert!(std::env::var_os("CI").is_none(), "{told}");
    eprintln!("{told}");
}

impl Browser {
    /// Starts a browser; `None` where there is none and none is demanded.
    pub(crate) async fn start(scripts: bool) -> Option<Browser> {
        // A browser that is cut short leaves files behind: in cargo's folder they
        // are in nobody's way.
        let target = super::Repository::workbook().project().target();
        let temporary = target.join("reader-tests/browser");
        std::fs::create_dir_all(&temporary).unwrap();
        if Command::new("chromedriver")
            .arg("--version")
            .output()
            .is_err()
        {
            missing("Chromium", "apt-get install chromium chromium-driver");
            return None;
        }
        // Under the reader's own supervisor: however this test ends, the browser
        // ends with it.
        let mut chromedriver = Command::new(env!("CARGO_BIN_EXE_reader"))
            .args([
                "supervise",
                "--milliseconds",
                "3600000",
                "--bytes",
                "100000000",
            ])
            .args(["--", "chromedriver", "--port=0"])
            .env("TMPDIR", &temporary)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = chromedriver.stdout.take().unwrap();
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next();
            digits.and_then(|digits| digits.parse::<u16>().ok())
        });
        let port = port.expect("chromedriver says on which port it listens");
        // Its later lines must go somewhere, or it blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));

        let mut wishes = DesiredCapabilities::chrome();
        for word in ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage"] {
            wishes.add_arg(word).unwrap();
        }
        if rustix::process::geteuid().is_root() {
            wishes.add_arg("--no-sandbox").unwrap();
        }
        if !scripts {
            let setting = "profile.managed_default_content_settings.javascript";
            wishes
                .add_experimental_option("prefs", json!({ setting: 2 }))
                .unwrap();
        }
        let address = format!("http://127.0.0.1:{port}");
        let driver = WebDriver::builder(address, wishes).request_timeout(LIMIT);
        let driver = driver.await.unwrap();
        driver.set_page_load_timeout(LIMIT).await.unwrap();
        driver.set_script_timeout(LIMIT).await.unwrap();
        let browser = Browser {
            driver,
            supervisor: chromedriver,
        };
        browser.size(1440, 900).await;
        Some(browser)
    }

    /// Ends the browser.
    pub(crate) async fn end(self) {
        self.driver.clone().quit().await.unwrap();
    }

    /// Sets the size of the page, not of the window around it.
    pub(crate) async fn size(&self, width: u32, height: u32) {
        let tools = self.driver.cdp();
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        let command = "Emulation.setDeviceMetricsOverride";
        tools.send_raw(command, size).await.unwrap();
    }

    /// Waits until the page has been drawn anew: only then it hears of its size.
    pub(crate) async fn drawn(&self) {
        self.script(
            "const page = document.documentElement; delete page.dataset.drawn;\
             requestAnimationFrame(() => requestAnimationFrame(() => {\
             page.dataset.drawn = 'yes'; }));",
        )
        .await;
        self.until("document.documentElement.dataset.drawn").await;
    }

    /// Opens a page in a theme.
    pub(crate) async fn open(&self, url: &str, theme: &str) {
        self.driver.goto(url).await.unwrap();
        let now = self
            .script("return document.documentElement.className")
            .await;
        if !now.as_str().unwrap().split(' ').any(|class| class == theme) {
            let set = format!("localStorage.setItem('mdbook-theme', '{theme}')");
            self.script(&set).await;
            self.driver.refresh().await.unwrap();
        }
    }

    /// Changes the theme as its menu does.
    pub(crate) async fn theme(&self, theme: &str) {
        let choose = format!(
            "document.getElementById('mdbook-theme-{theme}').click();\
             document.activeElement.blur();"
        );
        self.script(&choose).await;
    }

    /// Runs a script in the page and returns what it returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        let result = self.driver.execute(script, Vec::new()).await;
        result
            .unwrap_or_else(|error| panic!("{script}: {error}"))
            .json()
            .clone()
    }

    /// Waits in the page until an expression is true, looking at every change.
    pub(crate) async fn until(&self, expression: &str) {
        let script = format!(
            "const done = arguments[arguments.length - 1];\n\
             const look = () => {{ if ({expression}) {{ done(true); return true; }} }};\n\
             if (!look()) {{\n\
               const watch = new MutationObserver(() => {{ if (look()) watch.disconnect(); }});\n\
               watch.observe(document, {{childList: true, subtree: true,\n\
                 characterData: true, attributes: true}});\n\
             }}"
        );
        let result = self.driver.execute_async(&script, Vec::new()).await;
        if let Err(error) = result {
            let text = self
                .script("return document.querySelector('main').innerText")
                .await;
            panic!("{expression} did not come true: {error}\n{text}");
        }
    }

    /// The visible text of what a selector finds first.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let found = self.driver.find(By::Css(selector)).await;
        found
            .unwrap_or_else(|_| panic!("no {selector}"))
            .text()
            .await
            .unwrap()
    }

    /// The page's heading, if the page stays while it is asked.
    pub(crate) async fn heading(&self) -> Option<String> {
        self.driver
            .find(By::Css("main h1"))
            .await
            .ok()?
            .text()
            .await
            .ok()
    }

    /// Clicks on what a selector finds first.
    pub(crate) async fn click(&self, selector: &str) {
        let found = self.driver.find(By::Css(selector)).await;
        let found = found.unwrap_or_else(|_| panic!("no {selector}"));
        found.scroll_into_view().await.unwrap();
        found.click().await.unwrap();
    }

    /// Presses a key wherever the focus is.
    pub(crate) async fn keys(&self, key: Key) {
        let chain = self.driver.action_chain().send_keys(key);
        chain.perform().await.unwrap();
    }

    /// Shows the page as on paper (`print`), or as on a screen again (empty).
    pub(crate) async fn media(&self, medium: &str) {
        let command = "Emulation.setEmulatedMedia";
        let wanted = json!({ "media": medium });
        self.driver.cdp().send_raw(command, wanted).await.unwrap();
    }

    /// What axe-core finds against WCAG 2.2 AA; `None` where it is not installed.
    pub(crate) async fn violations(&self) -> Option<Vec<String>> {
        self.violations_of(
            "{type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', \
                           'wcag21aa', 'wcag22aa']}",
        )
        .await
    }

    /// What it finds against the rules on colour: all that a theme can break.
    pub(crate) async fn faint(&self) -> Option<Vec<String>> {
        let rules =
            "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}";
        self.violations_of(rules).await
    }

    async fn violations_of(&self, rules: &str) -> Option<Vec<String>> {
        let path = "../../tests/node_modules/axe-core/axe.min.js";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let Ok(axe) = std::fs::read_to_string(path) else {
            missing("axe-core", "npm ci --prefix tests");
            return None;
        };
        if self.script("return typeof axe").await == "undefined" {
            self.script(&axe).await;
        }
        let run = format!(
            "const done = arguments[arguments.length - 1];
             axe.run(document, {{runOnly: {rules}, resultTypes: ['violations']}})
               .then(found => done(found.violations.flatMap(one => one.nodes.map(node =>
                 `${{one.id}}: ${{node.target.join(' ')}}: ${{node.failureSummary}}`))))
               .catch(error => done([String(error)]));"
        );
        let found = self.driver.execute_async(&run, Vec::new()).await.unwrap();
        let found: Vec<String> =
            serde_json::from_value(found.json().clone()).unwrap();
        Some(found)
    }

    /// What the browser complained about: errors of scripts, refused requests.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.driver.browser_log().await.unwrap();
        log.into_iter()
            .map(|entry| format!("{}: {}", entry.level, entry.message))
            .collect()
    }

    /// Keeps a picture of the whole page, if `READER_PICTURES` names a folder.
    pub(crate) async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("READER_PICTURES") else {
            return;
        };
        let tools = self.driver.cdp();
        let all = json!({"captureBeyondViewport": true});
        let shot = tools.send_raw("Page.captureScreenshot", all).await;
        let data = shot.unwrap()["data"].as_str().unwrap().to_owned();
        let bytes =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data);
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes.unwrap()).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The lifeline is cut; what is left of the browser goes.
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}
