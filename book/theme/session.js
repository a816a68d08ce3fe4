// Whether there is a server behind this page, and how to ask it for something.
// On static hosting there is none: then nothing here shows.
'use strict';

const workbook = (function () {
    const root = new URL(path_to_root || './', document.baseURI);
    let session = read();

    async function read() {
        if (!location.protocol.startsWith('http')) {
            return null;
        }
        try {
            const answer = await fetch(new URL('api/session', root));
            const kind = answer.headers.get('content-type') || '';
            return answer.ok && kind.includes('json') ? await answer.json() : null;
        } catch {
            return null;
        }
    }

    // Asks for an action; a token from before a restart is renewed once.
    async function post(action, body, signal) {
        for (let attempt = 0; ; attempt += 1) {
            const known = await session;
            const answer = await fetch(new URL(`api/${action}`, root), {
                method: 'POST',
                headers: {
                    'content-type': 'application/json',
                    'x-reader-token': known ? known.token : '',
                },
                body: JSON.stringify(body),
                signal,
            });
            if (answer.ok) {
                return answer;
            }
            const told = (await answer.json().catch(() => ({}))).error;
            if (answer.status !== 403 || attempt > 0) {
                throw new Error(told || `the server answers ${answer.status}`);
            }
            session = read();
        }
    }

    // The values of an answer that comes line by line.
    async function* lines(answer) {
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = '';
        for (;;) {
            const { value, done } = await reader.read();
            if (done) {
                return;
            }
            const parts = (rest + value).split('\n');
            rest = parts.pop();
            for (const part of parts) {
                yield JSON.parse(part);
            }
        }
    }

    // A small element with a class and a text.
    function element(name, className, text) {
        const made = document.createElement(name);
        made.className = className;
        made.textContent = text || '';
        return made;
    }

    function button(text, className, action) {
        const made = element('button', `workbook-button ${className}`, text);
        made.type = 'button';
        made.addEventListener('click', action);
        return made;
    }

    return {
        root,
        session: () => session,
        post,
        lines,
        element,
        button,
        // How many things this page waits for: it does not reload meanwhile.
        busy: 0,
    };
})();

// Links to code lead to the server's own pages of the files.
workbook.session().then(session => {
    if (session) {
        for (const link of document.querySelectorAll('a.source')) {
            link.href = new URL(`source/${link.dataset.source}`, workbook.root);
        }
    }
});
