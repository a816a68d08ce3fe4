//! Directives become pages, and what is wrong stops the build, with file and line.

mod support;

use mdbook_driver::MDBook;
use reader::pages;
use reader::problem::Problems;
use std::fs;
use support::Repository;
use support::server::Server;

/// The page that chapter one becomes.
fn page(repository: &Repository) -> String {
    let folder = repository.root().join("pages");
    pages::replace(&repository.project(), &folder).unwrap();
    fs::read_to_string(folder.join("one.html")).unwrap()
}

/// The part of a page that the chapter wrote.
fn content(page: &str) -> &str {
    let start = page.find("<main>").unwrap();
    &page[start..page.find("</main>").unwrap()]
}

/// What the build says about chapter one, with the given text in it.
fn problems(text: &str) -> Vec<String> {
    let repository = Repository::new();
    repository.write("book/src/one.md", text);
    problems_in(&repository)
}

fn problems_in(repository: &Repository) -> Vec<String> {
    let folder = repository.root().join("pages");
    let Err(error) = pages::replace(&repository.project(), &folder) else {
        return Vec::new();
    };
    assert!(!folder.exists(), "a broken book must not be put in place");
    let problems = error
        .downcast_ref::<Problems>()
        .expect("problems with lines");
    problems.0.iter().map(ToString::to_string).collect()
}

#[test]
fn an_example_shows_code_output_and_python() {
    let repository = Repository::new();
    repository.write("book/src/one.md", "# One\n\n{{#example squares:print}}\n");
    let page = page(&repository);
    for part in [
        "data-example=\"squares\"",
        "data-arguments=\"[{&quot;name&quot;:&quot;numbers&quot;",
        "data-source=\"examples/squares.rs\"",
        "Squares numbers.",
        "println!(\"&lt;1&gt;\");",
        "<summary>What it prints</summary>",
        "&lt;1&gt;\n",
        "print(1)",
        "cargo run --example squares",
    ] {
        assert!(
            page.contains(part),
            "{part} is missing in\n{}",
            content(&page)
        );
    }
    assert!(
        !page.contains("ANCHOR") && !page.contains("fn main"),
        "{page}"
    );
    assert!(
        !page.contains("<button class=\"run"),
        "buttons are the server's"
    );
}

#[test]
fn an_example_shown_again_is_just_a_listing() {
    let repository = Repository::new();
    let twice = "{{#example squares}}\n\n{{#example squares:print}}\n";
    repository.write("book/src/one.md", twice);
    let page = page(&repository);
    assert_eq!(page.matches("What it prints").count(), 1);
    assert_eq!(page.matches("println!").count(), 2);
}

#[test]
fn figures_timelines_and_quizzes_are_drawn() {
    let repository = Repository::new();
    repository.write(
        "book/src/one.md",
        "It takes {{#number pool.1us.ratio}} times as long, \
         {{#number pool.1us.processes}}.\n\n{{#bench pool}}\n\n\
         {{#timeline squares}}\n\n{{#quiz why}}\n\n{{#listing src/pool.rs}}\n",
    );
    let page = page(&repository);
    for part in [
        ">3</span> times as long",
        ">4.5\u{a0}µs</span>",
        "Measured on the reference machine (two cores)",
        "<svg class=\"chart-drawing\"",
        "<th scope=\"row\">1\u{a0}µs</th>",
        "A recorded run of <code>squares</code>",
        "Why <code>a &lt; b</code>?",
        "<summary>Answer</summary>",
        "data-source=\"src/pool.rs\"",
    ] {
        assert!(
            page.contains(part),
            "{part} is missing in\n{}",
            content(&page)
        );
    }
}

#[test]
fn a_chart_compares_elements_and_one_input_whole() {
    let repository = Repository::new();
    let results = "{\"title\": \"T\", \"machine\": {\"name\": \"reference machine\"}, \
         \"results\": [\
         {\"series\": \"threads\", \"input\": \"few\", \"nanoseconds\": 6000, \
          \"elements\": 2}, \
         {\"series\": \"threads\", \"input\": \"many\", \"nanoseconds\": 8000, \
          \"elements\": 2000}]}";
    repository.write("benches/results/counted.json", results);
    repository.write("book/src/one.md", "{{#bench counted}}\n");
    let every = page(&repository);
    for part in ["Median time for one element", ">3\u{a0}µs<", ">4\u{a0}ns<"] {
        assert!(every.contains(part), "{part} is missing in\n{every}");
    }
    repository.write("book/src/one.md", "{{#bench counted:many}}\n");
    let one = page(&repository);
    assert!(one.contains("Median time for one iteration"), "{one}");
    assert!(one.contains(">8\u{a0}µs<"), "{one}");
    assert!(!one.contains("6\u{a0}µs"), "{one}");
}

#[test]
fn a_table_of_many_ways_has_a_line_for_each() {
    let repository = Repository::new();
    let ways = ["a", "b", "c", "d", "e", "f"].map(|way| {
        format!("{{\"series\": \"{way}\", \"input\": \"x\", \"nanoseconds\": 7}}")
    });
    let results = format!(
        "{{\"title\": \"T\", \"machine\": {{\"name\": \"reference machine\"}}, \
         \"results\": [{}]}}",
        ways.join(", ")
    );
    repository.write("benches/results/ways.json", results.as_str());
    repository.write("book/src/one.md", "{{#bench ways}}\n");
    let page = page(&repository);
    let line = "<th scope=\"row\">x</th><td>f</td><td>7\u{a0}ns</td><td></td>";
    assert!(page.contains(line), "{page}");
}

#[test]
fn what_criterion_measured_here_goes_first() {
    let repository = Repository::new();
    repository.write("book/src/one.md", "{{#bench pool}}\n");
    let new = "target/criterion/pool/processes/1us/new";
    let benchmark = "{\"group_id\": \"pool\", \"function_id\": \"processes\", \
                     \"value_str\": \"1us\", \"throughput\": null}";
    let estimates = "{\"mean\": {\"point_estimate\": 7000.0, \
                     \"confidence_interval\": {\"lower_bound\": 6900.0, \
                     \"upper_bound\": 7100.0}}}";
    repository.write(&format!("{new}/benchmark.json"), benchmark);
    repository.write(&format!("{new}/estimates.json"), estimates);
    let page = page(&repository);
    assert!(page.contains("Measured on this machine"), "{page}");
    assert!(
        page.contains("7\u{a0}µs") && !page.contains("4.5\u{a0}µs"),
        "{page}"
    );
}

#[test]
fn links_to_code_become_links_of_the_reader() {
    let repository = Repository::new();
    let text = "See [the `Pool`](../../src/pool.rs) and [two](two.md#two).\n";
    repository.write("book/src/one.md", text);
    let page = page(&repository);
    let link =
        "<a class=\"source\" data-source=\"src/pool.rs\">the <code>Pool</code></a>";
    assert!(page.contains(link), "{page}");
    assert!(page.contains("<a href=\"two.html#two\">two</a>"), "{page}");
}

#[test]
fn the_command_gives_the_same_pages() {
    let repository = Repository::new();
    let text = "# One\n\n{{#example squares}}\n\n{{#bench pool}}\n";
    repository.write("book/src/one.md", text);
    let ours = page(&repository);
    let mut stock = MDBook::load(repository.root().join("book")).unwrap();
    stock.config.build.build_dir = repository.root().join("stock");
    stock.build().unwrap();
    let stock =
        fs::read_to_string(repository.root().join("stock/one.html")).unwrap();
    assert_eq!(ours, stock);
}

#[test]
fn the_command_fails_over_problems() {
    let repository = Repository::new();
    repository.write("book/src/one.md", "{{#example none}}\n");
    let mut stock = MDBook::load(repository.root().join("book")).unwrap();
    stock.config.build.build_dir = repository.root().join("stock");
    assert!(stock.build().is_err());
}

#[test]
fn a_broken_book_leaves_the_old_pages_alone() {
    let repository = Repository::new();
    let folder = repository.root().join("pages");
    pages::replace(&repository.project(), &folder).unwrap();
    let before = fs::read_to_string(folder.join("one.html")).unwrap();
    repository.write("book/src/one.md", "{{#example none}}\n");
    assert!(pages::replace(&repository.project(), &folder).is_err());
    assert_eq!(fs::read_to_string(folder.join("one.html")).unwrap(), before);
}

#[test]
fn each_mistake_is_told_with_file_and_line() {
    let wide = format!("```rust,fragment\n{}\n```\n", "x".repeat(86));
    let cases = [
        ("{{#example none}}", "there is no example `none`"),
        (
            "{{#example ../squares}}",
            "there is no example `../squares`",
        ),
        ("{{#example squares:none}}", "has no anchor `none`"),
        ("{{#example}}", "needs a name"),
        ("a {{#example squares}}", "must stand alone"),
        (
            "{{#exemple squares}}",
            "there is no directive `{{#exemple}}`",
        ),
        (
            "{{#exercise none}}",
            "`exercises/exercises.toml` cannot be read",
        ),
        (
            "{{#bench none}}",
            "`benches/results/none.json` cannot be read",
        ),
        ("{{#bench pool:none}}", "`pool:none` has no results to draw"),
        ("{{#number pool.2us.ratio}}", "nothing was measured for 2us"),
        ("{{#number pool}}", "names no group"),
        (
            "{{#timeline none}}",
            "`examples/output/none.trace.json` cannot be read",
        ),
        ("{{#quiz none}}", "`book/quizzes/none.toml` cannot be read"),
        ("{{#listing ../x.rs}}", "does not lie in the repository"),
        ("{{#listing src/pool.rs:none}}", "has no anchor `none`"),
        (
            "```rust\nlet x = 1;\n```",
            "code typed by hand (`let x = 1;`)",
        ),
        ("```python\nx = 1\n```", "code typed by hand"),
        ("```rust,fragment\na\nb\nc\nd\n```", "a fragment of 4 lines"),
        (&wide, "more than 85 columns"),
        (
            "```rust\n{{#include ../../src/none.rs}}\n```",
            "`src/none.rs` is missing",
        ),
        (
            "```rust\n{{#include ../../src/pool.rs:none}}\n```",
            "has no anchor `none`",
        ),
        (
            "```rust\n{{#include ../../src/pool.rs:1:2}}\n```",
            "lines by number",
        ),
        ("```console,norun\n$ x\n```", "`norun` needs its reason"),
        ("[x](three.md)", "`three.md` is no chapter"),
        ("[x](two.md#none)", "has no heading `#none`; it has two"),
        ("[x](#none)", "has no heading `#none`"),
        ("[x](../../src/none.rs)", "leads to nothing"),
        ("[x](../../../x)", "leads out of the repository"),
        ("[x](http://example.org)", "must not be loaded"),
        ("![x](https://example.org/x.png)", "must not be loaded"),
        ("![](two.md)", "has no text beside it"),
        ("<script>x()</script>", "`<script>` is not allowed"),
        ("<p style=\"x\">a</p>", "the attribute `style`"),
        ("<b onclick=\"x()\">a</b>", "the attribute `onclick`"),
    ];
    for (text, told) in cases {
        let told_here = problems(&format!("# One\n\n{text}\n"));
        assert_eq!(told_here.len(), 1, "{text}: {told_here:?}");
        let message = &told_here[0];
        let line = if text.starts_with("```rust\n{{#include") {
            4
        } else {
            3
        };
        let place = format!("book/src/one.md:{line}: ");
        assert!(message.starts_with(&place), "{text}: {message}");
        assert!(message.contains(told), "{text}: {message}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let told = problems("{{#quiz none}}\n\n[x](y.md)\n\n{{#example none}}\n");
    let lines: Vec<&str> = told.iter().map(|line| &line[..17]).collect();
    assert_eq!(
        lines,
        [
            "book/src/one.md:1",
            "book/src/one.md:3",
            "book/src/one.md:5"
        ]
    );
}

#[test]
fn what_is_right_passes() {
    let text = "# One\n\n## A part, with `code`\n\n## A part, with `code`\n\n\
                ## Named {#own}\n\n[a](#a-part-with-code-1) [b](#own) \
                [c](https://example.org) [d](two.md)\n\n\
                ```rust\n{{#include ../../src/pool.rs}}\n```\n\n\
                ```rust,fragment\nlet x = 1;\n```\n\n\
                ```console,norun=network\n$ x\n```\n\n\
                The directive `{{#example none}}` in code, and \\{{#include none}}.\n";
    assert_eq!(problems(text), Vec::<String>::new());
}

#[test]
fn a_wrong_settings_file_is_told() {
    let repository = Repository::new();
    repository.write("book/examples.toml", "[none]\n");
    let told = problems_in(&repository);
    assert!(told[0].starts_with("book/examples.toml:1: "), "{told:?}");
    assert!(told[0].contains("there is no example `none`"), "{told:?}");
}

/// Without fonts and search index, which come once.
#[test]
fn pages_travel_in_less_than_150_kb() {
    const LIMIT: usize = 150_000;
    let server = Server::workbook();
    let contents = server.ask("GET /toc.html", &[], "").body;
    let pages = contents.split("href=\"").skip(1);
    let pages: Vec<&str> = pages.filter_map(|rest| rest.split('"').next()).collect();
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        let size = server.size(page, "gzip");
        assert!(size < LIMIT, "{page}: {size}");
    }
    // The whole book on one page, for a browser that takes what Chromium takes.
    let size = server.size("print.html", "br");
    assert!(size < LIMIT, "print.html: {size}");
}

#[test]
fn our_own_style_and_scripts_are_less_than_40_kb() {
    let theme = concat!(env!("CARGO_MANIFEST_DIR"), "/../theme");
    let files = fs::read_dir(theme)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let ours = |path: &std::path::PathBuf| {
        path.extension()
            .is_some_and(|kind| kind == "css" || kind == "js")
    };
    let sizes: Vec<u64> = files
        .filter(ours)
        .map(|path| fs::metadata(path).unwrap().len())
        .collect();
    assert!(sizes.len() > 5, "{sizes:?}");
    assert!(sizes.iter().sum::<u64>() < 40_000, "{sizes:?}");
}
