// Run and Stop below each example.
'use strict';

workbook.session().then(session => {
    if (!session) {
        return;
    }
    const { element, button, post, lines } = workbook;

    for (const panel of document.querySelectorAll('.example[data-example]')) {
        panel.querySelector('.command').after(controls(panel));
    }

    function controls(panel) {
        const name = panel.dataset.example;
        const fields = JSON.parse(panel.dataset.arguments || '[]').map(field);
        const box = element('form', 'controls');
        const run = button('Run', 'run', () => {});
        run.type = 'submit';
        const stop = button('Stop', 'stop', () => stopping());
        stop.disabled = true;
        const state = element('span', 'state');
        state.setAttribute('role', 'status');
        const output = element('pre', 'live');
        output.setAttribute('aria-label', `Output of ${name}`);
        output.tabIndex = 0;
        output.hidden = true;
        const note = element('p', 'note', 'Lines with a bar are standard error; '
            + 'in which order it and standard output were written is not known.');
        note.hidden = true;
        for (const { label } of fields) {
            box.append(label);
        }
        box.append(run, stop, state, output, note);

        let number = null;
        function stopping() {
            state.textContent = 'stopping …';
            post('stop', { run: number }).catch(error => fail(error.message));
        }
        function fail(text) {
            state.textContent = text;
            state.classList.add('bad');
        }

        box.addEventListener('submit', async event => {
            event.preventDefault();
            run.disabled = true;
            workbook.busy += 1;
            output.replaceChildren();
            output.hidden = true;
            note.hidden = true;
            state.classList.remove('bad');
            state.textContent = 'building …';
            try {
                const values = fields.flatMap(({ values }) => values());
                const answer = await post('run', { example: name, arguments: values });
                for await (const line of lines(answer)) {
                    show(line);
                }
            } catch (error) {
                fail(error.message);
            }
            number = null;
            run.disabled = false;
            stop.disabled = true;
            workbook.busy -= 1;
        });

        function show(line) {
            switch (line.kind) {
            case 'accepted':
                number = line.run;
                stop.disabled = false;
                break;
            case 'building':
                write(line.text, 'building');
                break;
            case 'started':
                output.replaceChildren();
                output.hidden = true;
                state.textContent = 'running …';
                break;
            case 'out':
            case 'err':
                write(line.text, line.kind);
                note.hidden = note.hidden && line.kind === 'out';
                break;
            case 'end':
                (line.how === 'ended' && line.code === 0 ? ok : fail)(ending(line));
                break;
            case 'failed':
                fail(line.text);
                break;
            }
        }
        function ok(text) {
            state.textContent = text;
        }
        function write(text, kind) {
            output.hidden = false;
            const last = output.lastElementChild;
            const part = last && last.className === kind ? last : element('span', kind);
            part.append(text);
            output.append(part);
            output.scrollTop = output.scrollHeight;
        }
        return box;
    }

    // A label with a field, and how to read the values in it.
    function field(argument) {
        const label = element('label', 'argument', `${argument.name} `);
        let input;
        if (argument.kind === 'choice' && argument.count[1] === 1) {
            input = element('select', '');
            for (const choice of argument.choices) {
                input.append(new Option(choice, choice));
            }
            input.value = argument.default[0] || argument.choices[0];
        } else {
            input = element('input', '');
            input.type = 'text';
            input.value = argument.default.join(' ');
            input.size = Math.max(8, input.value.length + 2);
        }
        label.append(input);
        return { label, values: () => input.value.split(/\s+/).filter(Boolean) };
    }

    function ending(line) {
        const seconds = (line.milliseconds / 1000).toFixed(2);
        const left = line.left === 0 ? '' : line.left === 1
            ? '; a process that it left behind was ended'
            : `; ${line.left} processes that it left behind were ended`;
        switch (line.how) {
        case 'stopped':
            return `stopped after ${seconds} s; all of its processes are gone`;
        case 'deadline':
            return `ended at its deadline, after ${seconds} s`;
        case 'output':
            return `ended after ${seconds} s: too much output`;
        default:
            return line.signal === undefined
                ? `exit status ${line.code} after ${seconds} s${left}`
                : `killed by signal ${line.signal} after ${seconds} s${left}`;
        }
    }
});
