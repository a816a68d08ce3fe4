// What changes while a page is open: the book, its problems, the examples.
'use strict';

workbook.session().then(session => {
    if (!session) {
        return;
    }
    const { element, post, lines } = workbook;
    let revision = session.revision;
    let grades = null;
    let wanted = false;
    let connection = null;

    const bar = element('div', 'workbook-news');
    bar.setAttribute('role', 'status');
    document.getElementById('mdbook-page-wrapper').append(bar);

    // Browsers keep few connections to one server: only the page in sight has one.
    function follow() {
        if (document.visibilityState === 'hidden') {
            if (connection) {
                connection.abort();
            }
            connection = null;
        } else if (!connection) {
            listen();
        }
    }
    document.addEventListener('visibilitychange', follow);
    follow();

    async function listen() {
        connection = new AbortController();
        const mine = connection;
        try {
            const answer = await post('events', {}, mine.signal);
            for await (const line of lines(answer)) {
                if (line.kind === 'status') {
                    show(line);
                }
                if (wanted && workbook.busy === 0) {
                    wanted = false;
                    location.reload();
                }
            }
        } catch {
            // The server is gone or the page is out of sight.
        }
        if (mine === connection) {
            connection = null;
            bar.textContent = 'The server has ended: cargo book starts it again.';
            setTimeout(follow, 2000);
        }
    }

    function show(status) {
        wanted = wanted || (status.revision !== revision && !status.problems);
        revision = status.revision;
        if (grades !== null && grades !== status.grades) {
            document.dispatchEvent(new Event('workbook-grades'));
        }
        grades = status.grades;
        bar.replaceChildren();
        bar.classList.toggle('bad', Boolean(status.problems));
        if (status.problems) {
            bar.append(
                element('strong', '', 'These pages are old. The book has problems:'),
                element('pre', '', status.problems),
            );
        } else if (status.examples === 'building') {
            bar.textContent = `Building the examples: ${status.building}`;
        } else if (status.examples === 'failed') {
            bar.textContent = 'Not all examples compile: '
                + 'cargo build --examples says why.';
        }
    }
});
