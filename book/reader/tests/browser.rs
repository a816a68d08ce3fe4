//! The pages in a real browser: read, run, stop, print, by mouse and by key.

mod support;

use reader::exercise::Manifest;
use std::fs;
use support::browser::Browser;
use support::server::{PLAY, Server};
use thirtyfour::Key;
use thirtyfour::prelude::*;

const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// Opens chapter one of the playground once it is built.
async fn open_playground(browser: &Browser, server: &Server) {
    browser
        .open(&format!("http://{}/one.html", server.host()), "light")
        .await;
    browser
        .until("document.querySelector('.example .run')")
        .await;
}

/// The paths of all pages of the book, as its contents list them.
async fn pages(browser: &Browser, server: &Server) -> Vec<String> {
    let url = format!("http://{}/index.html", server.host());
    browser.open(&url, "light").await;
    let links = "return [...document.querySelectorAll('#mdbook-sidebar a[href]')]\
                 .map(link => new URL(link.href).pathname)\
                 .filter(path => path.endsWith('.html'))";
    let mut pages: Vec<String> =
        serde_json::from_value(browser.script(links).await).unwrap();
    pages.sort();
    pages.dedup();
    assert!(pages.len() > 2, "{pages:?}");
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn an_example_runs_and_stops() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::start();
    open_playground(&browser, &server).await;

    browser.click(".example .run").await;
    browser
        .until("document.querySelector('.state').textContent.startsWith('exit')")
        .await;
    let shown = browser.text(".example pre.live").await;
    assert!(shown.contains("out [\"hello\"]"), "{shown}");
    assert_eq!(browser.text("pre.live .err").await, "err");
    assert!(
        browser
            .text(".example .note")
            .await
            .contains("standard error")
    );
    assert!(
        browser
            .text(".example .state")
            .await
            .starts_with("exit status 0 after")
    );

    browser
        .script("document.querySelector('.example select').value = 'family'")
        .await;
    browser.click(".example .run").await;
    let family = [server.waiting(), server.waiting(), server.waiting()];
    browser.click(".example .stop").await;
    browser
        .until("document.querySelector('.state').textContent.includes('are gone')")
        .await;
    for member in family {
        member.gone();
    }
    server.all_gone();

    browser
        .script("document.querySelector('.example input').value = '1 x'")
        .await;
    browser.click(".example .run").await;
    browser.until("document.querySelector('.state.bad')").await;
    let told = browser.text(".example .state").await;
    assert_eq!(told, "numbers: `x` is not a whole number from 0 to 9");
    assert!(
        !browser.complaints().await.is_empty(),
        "a refused request is logged"
    );
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_left_ends_its_run() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::start();
    open_playground(&browser, &server).await;
    browser
        .script("document.querySelector('.example select').value = 'family'")
        .await;
    browser.click(".example .run").await;
    let family = [server.waiting(), server.waiting(), server.waiting()];
    browser
        .driver
        .goto(format!("http://{}/two.html", server.host()))
        .await
        .unwrap();
    for member in family {
        member.gone();
    }
    server.all_gone();
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_notices_changes_and_problems() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::start();
    open_playground(&browser, &server).await;
    let changed = PLAY.replace("# One", "# Changed");
    server.repository.write("book/src/one.md", &changed);
    while browser.heading().await.as_deref() != Some("Changed") {}
    browser
        .until("document.querySelector('.example .run')")
        .await;
    server
        .repository
        .write("book/src/one.md", "{{#example none}}\n");
    browser
        .until("document.querySelector('.workbook-news.bad')")
        .await;
    let told = browser.text(".workbook-news").await;
    assert!(
        told.contains("book/src/one.md:1: there is no example `none`"),
        "{told}"
    );
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workbook_runs_pool_map() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::workbook();
    let mut found = false;
    for page in pages(&browser, &server).await {
        browser
            .open(&format!("http://{}{page}", server.host()), "light")
            .await;
        let panel =
            "return Boolean(document.querySelector('[data-example=pool_map]'))";
        if browser.script(panel).await == true {
            found = true;
            break;
        }
    }
    assert!(found, "no page shows pool_map");
    browser
        .until("document.querySelector('[data-example=pool_map] .run')")
        .await;
    let empty = "document.querySelector('[data-example=pool_map] input').value = ''";
    browser.script(empty).await;
    browser.click("[data-example=pool_map] .run").await;
    browser
        .until(
            "document.querySelector('[data-example=pool_map] .state')\
             .textContent.startsWith('exit')",
        )
        .await;
    let shown = browser.text("[data-example=pool_map] pre.live").await;
    assert_eq!(shown.trim(), "[1, 4, 9, 16, 25]");
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::workbook();
    // Each page once in the test command; all combinations where all is asked for.
    let all = std::env::var_os("READER_ALL").is_some();
    let mut bad = Vec::new();
    for page in pages(&browser, &server).await {
        let url = format!("http://{}{page}", server.host());
        let themes = if all { &THEMES[..] } else { &THEMES[..1] };
        let widths = if all { &[1440, 360][..] } else { &[1440][..] };
        browser.open(&url, "light").await;
        for width in widths {
            browser.size(*width, 900).await;
            browser.drawn().await;
            for theme in themes {
                browser.theme(theme).await;
                let found = match *theme {
                    "light" => browser.violations().await,
                    _ => browser.faint().await,
                };
                let Some(found) = found else { return };
                let place = |line| format!("{page} {theme} {width}: {line}");
                bad.extend(found.into_iter().map(place));
                let name = page.trim_matches('/').replace('/', "-");
                browser.picture(&format!("{name}-{theme}-{width}")).await;
            }
        }
        bad.extend(browser.complaints().await);
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn menus_are_accessible_and_reached_by_keys() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::workbook();
    let url = format!("http://{}/pool.html", server.host());
    let all = std::env::var_os("READER_ALL").is_some();
    let themes = if all { &THEMES[..] } else { &THEMES[..1] };
    let mut bad = Vec::new();
    for theme in themes {
        for width in [1440, 360] {
            browser.size(width, 900).await;
            browser.open(&url, theme).await;
            // The contents, by keys alone: to the button, open, onto a link, back.
            let script = "document.getElementById('mdbook-sidebar-toggle').focus()";
            browser.script(script).await;
            let opened =
                "document.getElementById('mdbook-sidebar-toggle-anchor').checked";
            if browser.script(&format!("return {opened}")).await == true {
                browser.keys(Key::Enter).await;
                browser.until(&format!("!{opened}")).await;
            }
            browser.keys(Key::Enter).await;
            browser
                .until("document.activeElement.closest('#mdbook-sidebar')")
                .await;
            for (name, open) in
                [("contents", ""), ("themes", THEME_MENU), ("search", SEARCH)]
            {
                if !open.is_empty() {
                    browser.script(open).await;
                }
                if name == "search" {
                    browser
                        .until("document.querySelector('#mdbook-searchresults a')")
                        .await;
                }
                let Some(found) = browser.violations().await else {
                    return;
                };
                let place = |line| format!("{name} {theme} {width}: {line}");
                bad.extend(found.into_iter().map(place));
                browser.picture(&format!("{name}-{theme}-{width}")).await;
            }
            // Another theme page must not begin with this one's search.
            browser.open(&url, theme).await;
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    browser.end().await;
}

const THEME_MENU: &str = "document.getElementById('mdbook-theme-toggle').click()";

const SEARCH: &str = "document.getElementById('mdbook-theme-toggle').click();\
    document.getElementById('mdbook-search-toggle').click();\
    const bar = document.getElementById('mdbook-searchbar');\
    bar.value = 'worker';\
    bar.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true}));\
    bar.dispatchEvent(new InputEvent('input', {bubbles: true}));";

#[tokio::test(flavor = "multi_thread")]
async fn arrow_keys_and_themes_still_work() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::start();
    open_playground(&browser, &server).await;
    browser.click("main h1").await;
    browser.keys(Key::Right).await;
    browser
        .until("document.querySelector('main h1').textContent === 'Two'")
        .await;
    let before = browser.script(BACKGROUND).await;
    browser.click("#mdbook-theme-toggle").await;
    browser.click("#mdbook-theme-coal").await;
    browser
        .until("document.documentElement.classList.contains('coal')")
        .await;
    assert_ne!(browser.script(BACKGROUND).await, before);
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.end().await;
}

const BACKGROUND: &str =
    "return getComputedStyle(document.documentElement).backgroundColor";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_a_telephone() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::workbook();
    let pages = pages(&browser, &server).await;
    browser.size(360, 800).await;
    for page in pages {
        browser
            .open(&format!("http://{}{page}", server.host()), "light")
            .await;
        let width = "return document.documentElement.scrollWidth";
        let width = browser.script(width).await.as_u64().unwrap();
        assert!(width <= 360, "{page} is {width} pixels wide");
        assert_eq!(
            browser.script(OUTSIDE).await,
            serde_json::json!([]),
            "{page}"
        );
    }
    browser.end().await;
}

/// What of the text sticks out at the right and does not scroll by itself.
const OUTSIDE: &str = "return [...document.querySelectorAll('main *')].filter(one =>\
    one.getBoundingClientRect().right > 361 && !one.closest('pre, .table-wrapper, svg'))\
    .map(one => one.outerHTML.slice(0, 80))";

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_whole_without_scripts() {
    let Some(browser) = Browser::start(false).await else {
        return;
    };
    let server = Server::start();
    let url = format!("http://{}/one.html", server.host());
    browser.driver.goto(&url).await.unwrap();
    for part in [".example pre", ".example .output", ".quiz summary", "table"] {
        let found = browser.driver.find(By::Css(part)).await.unwrap();
        assert!(found.is_displayed().await.unwrap(), "{part}");
    }
    assert!(
        browser
            .text(".example .command")
            .await
            .contains("cargo run --example busy")
    );
    let buttons = browser
        .driver
        .find_all(By::Css(".workbook-button"))
        .await
        .unwrap();
    assert!(buttons.is_empty(), "buttons that nothing answers");
    browser.click(".quiz summary").await;
    let answer = browser
        .driver
        .find(By::Css(".quiz details p"))
        .await
        .unwrap();
    assert!(answer.is_displayed().await.unwrap());
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn print_cuts_and_hides_nothing() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::workbook();
    let pages = pages(&browser, &server).await;
    // A4 at 96 pixels an inch, less its margins.
    browser.size(718, 1000).await;
    for page in pages {
        browser
            .open(&format!("http://{}{page}", server.host()), "light")
            .await;
        browser.media("print").await;
        browser
            .script("window.dispatchEvent(new Event('beforeprint'))")
            .await;
        let closed =
            "return document.querySelectorAll('main details:not([open])').length";
        assert_eq!(browser.script(closed).await, 0, "{page}");
        assert_eq!(browser.script(CUT).await, serde_json::json!([]), "{page}");
        let buttons = "return [...document.querySelectorAll('.workbook-button')]\
                       .filter(one => one.offsetParent).length";
        assert_eq!(browser.script(buttons).await, 0, "{page}");
        let paper = browser.driver.print_page(Default::default()).await.unwrap();
        assert!(paper.starts_with(b"%PDF"), "{page}");
        browser.media("").await;
    }
    browser.end().await;
}

/// What paper would cut: all that would scroll sideways on a screen.
const CUT: &str = "return [...document.querySelectorAll(\
    'main pre, main code, main table, .table-wrapper')]\
    .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 ||\
      one.getBoundingClientRect().right > window.innerWidth + 1)\
    .map(one => one.outerHTML.slice(0, 80))";

#[tokio::test(flavor = "multi_thread")]
async fn an_exercise_is_started_graded_solved_and_reset() {
    let Some(browser) = Browser::start(true).await else {
        return;
    };
    let server = Server::learner();
    let root = server.repository.root();
    let manifest = Manifest::read(&server.repository.project()).unwrap();
    let exercise = &manifest.exercises[0];
    let (id, points) = (&exercise.id, exercise.points());
    let name = exercise.starter().replace("exercises/", "");
    let answer = root.join("exercises/src/bin").join(&name);
    let page = format!("http://{}/{}.html", server.host(), exercise.chapter);
    browser.open(&page, "light").await;
    let panel = format!("[data-exercise={id}]");
    let state = format!("document.querySelector('{panel} .state').textContent");
    browser
        .until(&format!("document.querySelector('{panel} .grade')"))
        .await;

    browser.click(&format!("{panel} .start")).await;
    browser.until(&format!("{state} === 'done'")).await;
    let starter = fs::read(root.join(exercise.starter())).unwrap();
    assert_eq!(fs::read(&answer).unwrap(), starter);

    browser.click(&format!("{panel} .grade")).await;
    browser
        .until(&format!("{state}.includes(' of {points} points')"))
        .await;
    assert!(
        browser
            .text(&format!("{panel} .state"))
            .await
            .contains(": 0 of")
    );
    browser
        .until(&format!("document.querySelector('{panel} .verdict.bad')"))
        .await;
    assert!(!browser.text(&format!("{panel} .seen")).await.is_empty());

    fs::copy(root.join("solutions").join(&name), &answer).unwrap();
    browser.click(&format!("{panel} .grade")).await;
    browser
        .until(&format!("{state} === 'pass: {points} of {points} points'"))
        .await;
    browser
        .until(&format!("!document.querySelector('{panel} .verdict.bad')"))
        .await;
    if let Some(found) = browser.violations().await {
        assert_eq!(found, Vec::<String>::new());
    }
    browser.picture("graded").await;

    let progress = format!("http://{}/progress.html", server.host());
    browser.driver.goto(&progress).await.unwrap();
    browser
        .until(&format!("document.querySelector('tr.full{panel}')"))
        .await;
    let row = browser.text(&format!("tr{panel} .grade-cell")).await;
    assert!(row.ends_with(&format!("{points} of {points}")), "{row}");
    browser.picture("progress").await;

    browser.driver.goto(&page).await.unwrap();
    browser
        .until(&format!("{state}.startsWith('last time: pass')"))
        .await;
    browser.click(&format!("{panel} .hint summary")).await;
    browser.click(&format!("{panel} button.reset")).await;
    browser.driver.accept_alert().await.unwrap();
    browser.until(&format!("{state} === 'done'")).await;
    assert_eq!(fs::read(&answer).unwrap(), starter);
    browser.end().await;
}
