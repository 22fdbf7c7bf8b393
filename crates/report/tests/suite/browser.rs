//! Opens the reports of real trainings in a real browser. Ignored unless asked for, since it needs
//! Chromium: `cargo test -p chainrule-report --test suite browser -- --ignored`. The variable
//! `CHROMIUM` names another program, `CHAINRULE_REPORT_KEEP` a folder in which to leave the pages.

use crate::common;

use std::path::Path;
use std::process::Command;

use common::{Trained, digits, regression, signs};

/// The browser's answer to a page: the page after its scripts, and all that was logged to the
/// console.
fn load(html: &str, options: &[&str]) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, html).expect("the page can be written");
    let named = std::env::var("CHROMIUM").ok();
    let programs = named
        .into_iter()
        .chain(["chromium", "chromium-browser", "google-chrome"].map(str::to_owned));
    for program in programs {
        let output = Command::new(&program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .args(options)
            .arg("--dump-dom")
            .arg(format!("file://{}", file.display()))
            .output();
        if let Some(output) = output.ok().filter(|output| output.status.success()) {
            let log = String::from_utf8_lossy(&output.stderr);
            let console =
                log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
            return (String::from_utf8_lossy(&output.stdout).into_owned(), console);
        }
    }
    panic!("no browser could be run; install Chromium, or name one in CHROMIUM")
}

/// Says of each figure how many of its pictures are visible, how wide, and which texts stick out of
/// it; then whether the page is wider than the window.
const MEASURE: &str = "<script>
const lines = [...document.querySelectorAll('figure')].map(figure => {
    const visible = [...figure.querySelectorAll('svg')].filter(svg => \
    svg.getBoundingClientRect().width > 0);
    const outer = visible[0]?.getBoundingClientRect();
    const out = [...(visible[0]?.querySelectorAll('text') ?? [])].filter(text => {
        const inner = text.getBoundingClientRect();
        return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < \
        outer.top - 1
            || inner.bottom > outer.bottom + 1;
    });
    const theme = visible[0]?.parentElement.className;
    return [visible.length, theme, outer?.width > 300, out.map(text => \
    text.textContent).filter(text => text).join('|')].join(' ').trim();
});
const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.body.innerHTML = '<pre id=measured>' + [...lines, 'wide ' + wide].join(';') + '</pre>';
</script></body>";

fn measured(html: &str, options: &[&str]) -> Vec<String> {
    // The page forbids scripts; that is lifted for the one that measures.
    let start = html.find("<meta http-equiv").expect("a policy");
    let end = start + html[start..].find('>').expect("its end") + 1;
    let (page, console) =
        load(&format!("{}{}", &html[..start], &html[end..]).replace("</body>", MEASURE), options);
    assert!(console.is_empty(), "{console:?}");
    let text =
        page.split("<pre id=\"measured\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    text.expect("the script ran").split(';').map(str::to_owned).collect()
}

fn opened(trained: &Trained) {
    let run = trained.run();
    let html = run.report().unwrap().html();
    if let Ok(folder) = std::env::var("CHAINRULE_REPORT_KEEP") {
        run.save(Path::new(&folder).join(format!("{}.html", trained.title.replace(' ', "-"))))
            .unwrap();
    }
    let figures = run.figures().unwrap();
    let (page, console) = load(&html, &[]);
    assert!(console.is_empty(), "{console:?}");
    assert_eq!(page.matches("<figure ").count(), figures.len());
    for (theme, preferred) in [("light", 1), ("dark", 0)] {
        for size in ["--window-size=1200,900", "--window-size=500,900"] {
            let lines = measured(
                &html,
                &[&format!("--blink-settings=preferredColorScheme={preferred}"), size],
            );
            assert_eq!(lines.len(), figures.len() + 1);
            for (line, figure) in lines.iter().zip(&figures) {
                assert_eq!(
                    line,
                    &format!("1 {theme} true"),
                    "{} in a window of {size}",
                    figure.title()
                );
            }
            assert_eq!(
                lines[figures.len()],
                "wide false",
                "the page scrolls sideways in a window of {size}"
            );
        }
    }
}

#[test]
#[ignore = "needs Chromium: run with --ignored"]
fn the_reports_of_trainings_show_every_figure_and_log_nothing() {
    for trained in [digits(12), signs(false), signs(true), regression()] {
        opened(&trained);
    }
}
