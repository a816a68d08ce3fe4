// Start, grade, hint and reset below each exercise; progress.
'use strict';

workbook.session().then(session => {
    if (!session) {
        return;
    }
    const { element, button, post, lines } = workbook;
    const panels = [...document.querySelectorAll('.exercise[data-exercise]')];
    const rows = [...document.querySelectorAll('tr[data-exercise]')];
    panels.forEach(prepare);
    if (panels.length > 0 || rows.length > 0) {
        refresh();
        document.addEventListener('workbook-grades', refresh);
    }

    // The grades that are on record, into the panels and the table of progress.
    async function refresh() {
        const answer = await post('progress', {}).catch(() => null);
        const known = answer ? await answer.json() : { exercises: {} };
        for (const panel of panels) {
            show(panel, (known.exercises[panel.dataset.exercise] || {}).last);
        }
        for (const row of rows) {
            fill(row, known.exercises[row.dataset.exercise]);
        }
        summary(known);
    }

    function prepare(panel) {
        const id = panel.dataset.exercise;
        const box = element('div', 'controls');
        const state = element('span', 'state');
        state.setAttribute('role', 'status');
        const log = element('pre', 'live');
        log.tabIndex = 0;
        log.setAttribute('aria-label', 'What the grader says');
        log.hidden = true;
        const act = (action, words) => async () => {
            const buttons = box.querySelectorAll('button');
            buttons.forEach(one => { one.disabled = true; });
            workbook.busy += 1;
            log.replaceChildren();
            log.hidden = true;
            state.classList.remove('bad');
            state.textContent = words;
            try {
                const answer = await post(action, { exercise: id });
                for await (const line of lines(answer)) {
                    take(panel, line, state, log);
                }
            } catch (error) {
                state.textContent = error.message;
                state.classList.add('bad');
            }
            buttons.forEach(one => { one.disabled = false; });
            workbook.busy -= 1;
            refresh();
        };
        const reset = act('reset', 'putting the starter back …');
        box.append(
            button('Start', 'start', act('start', 'copying the starter …')),
            button('Grade', 'grade', act('grade', 'grading …')),
            button('Hint', 'show-hint', () => hint(panel, state)),
            button('Reset', 'reset', () => {
                const question = 'Put the starter back? What you have is kept, '
                    + 'and cargo grade undo brings it back.';
                if (window.confirm(question)) {
                    reset();
                }
            }),
            state,
            log,
        );
        panel.querySelector('.command').after(box);
    }

    function take(panel, line, state, log) {
        switch (line.kind) {
        case 'out':
        case 'err':
        case 'building':
            log.hidden = false;
            log.append(line.text);
            log.scrollTop = log.scrollHeight;
            break;
        case 'grade':
            log.hidden = true;
            show(panel, line.grade);
            state.textContent = score(line.grade);
            break;
        case 'end':
            if (line.how !== 'ended') {
                state.textContent = `ended: ${line.how}`;
            } else if (!line.graded) {
                state.textContent = line.code === 0 ? 'done' : 'that did not work';
                state.classList.toggle('bad', line.code !== 0);
            }
            break;
        case 'failed':
            state.textContent = line.text;
            state.classList.add('bad');
            break;
        }
    }

    function score(grade) {
        return `${grade.verdict.replaceAll('_', ' ')}: `
            + `${grade.points} of ${grade.out_of} points`;
    }

    // Each check's verdict and what the grader saw, beside what was asked.
    function show(panel, grade) {
        for (const old of panel.querySelectorAll('.verdict, .seen')) {
            old.remove();
        }
        if (!grade || !grade.checks) {
            return;
        }
        const state = panel.querySelector('.state');
        if (state && !state.textContent) {
            state.textContent = `last time: ${score(grade)}`;
        }
        for (const check of grade.checks) {
            const item = panel.querySelector(`[data-check="${CSS.escape(check.id)}"]`);
            if (!item) {
                continue;
            }
            const passed = check.verdict === 'pass';
            const sign = passed ? '✓' : '✗';
            const words = `${sign} ${check.verdict.replaceAll('_', ' ')}`;
            item.prepend(element('span', `verdict ${passed ? 'good' : 'bad'}`, words));
            if (!passed && check.observed) {
                item.append(element('span', 'seen', check.observed));
            }
        }
        if (grade.verdict === 'build_error' && grade.compiler) {
            panel.querySelector('.checks').after(element('pre', 'seen', grade.compiler));
        }
    }

    function hint(panel, state) {
        const closed = panel.querySelector('details.hint:not([open])');
        if (closed) {
            closed.open = true;
            closed.querySelector('summary').focus();
        } else {
            state.textContent = 'there are no more hints';
        }
    }

    function fill(row, grade) {
        const cell = row.querySelector('.grade-cell');
        const worth = Number(row.dataset.points);
        cell.textContent = !grade ? 'not started'
            : grade.best === null ? 'started' : `${grade.best} of ${worth}`;
        row.classList.toggle('full', Boolean(grade) && grade.best === worth);
    }

    function summary(known) {
        const place = document.querySelector('.progress-summary');
        if (!place || rows.length === 0) {
            return;
        }
        const best = id => (known.exercises[id] || {}).best || 0;
        const sum = ids => ids.reduce((part, id) => part + best(id), 0);
        const all = Number(place.dataset.points);
        const points = sum(rows.map(row => row.dataset.exercise));
        const bar = place.querySelector('progress');
        bar.value = points;
        bar.hidden = false;
        const next = rows.find(row => !row.classList.contains('full'));
        const words = place.querySelector('.progress-words');
        words.textContent = `${points} of ${all} points. `;
        if (next) {
            const link = next.querySelector('a').cloneNode(true);
            words.append('Next: ', link);
        } else {
            words.append('All exercises are solved.');
        }
        for (const total of document.querySelectorAll('[data-chapter-total]')) {
            const ids = rows
                .filter(row => row.dataset.chapter === total.dataset.chapterTotal)
                .map(row => row.dataset.exercise);
            total.textContent = `${sum(ids)} of ${total.dataset.points}`;
        }
    }
});
