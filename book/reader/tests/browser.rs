//! The pages in a real browser: read, run, stop, print, by mouse and by key.

mod support;

use support::browser::Browser;
use support::server::Server;

const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

#[tokio::test(flavor = "multi_thread")]
async fn looks() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::workbook();
    let page =
        std::env::var("READER_PAGE").unwrap_or_else(|_| "pool.html".to_owned());
    let url = format!("http://{}/{page}", server.host());
    for theme in THEMES {
        for width in [360, 768, 1440] {
            browser.size(width, 900).await;
            browser.open(&url, theme).await;

            browser.picture(&format!("{theme}-{width}")).await;
            if let Some(found) = browser.violations().await {
                for line in found {
                    println!("{theme} {width} {line}");
                }
            }
        }
    }
    println!("{:?}", browser.complaints().await);
    browser.end().await;
}
