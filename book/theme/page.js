// What every page needs, with or without a server: keys, print, copying.
'use strict';

(function keyboard() {
    // A region that scrolls must be reachable, or keys cannot scroll it.
    function reachable() {
        for (const region of document.querySelectorAll('main pre > code, .table-wrapper')) {
            const scrolls = region.scrollWidth > region.clientWidth;
            if (scrolls) {
                region.tabIndex = 0;
                region.setAttribute('role', 'region');
                const what = region.matches('code') ? 'Code' : 'Table';
                region.setAttribute('aria-label', `${what}, scrolls sideways`);
            } else {
                region.removeAttribute('tabindex');
                region.removeAttribute('role');
                region.removeAttribute('aria-label');
            }
        }
    }
    reachable();
    window.addEventListener('resize', reachable);
    document.addEventListener('toggle', reachable, true);

    // The stock button for the contents is a label, which no key reaches.
    const toggle = document.getElementById('mdbook-sidebar-toggle');
    toggle.tabIndex = 0;
    toggle.setAttribute('role', 'button');
    toggle.addEventListener('keydown', event => {
        if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            toggle.click();
            const box = document.getElementById('mdbook-sidebar-toggle-anchor');
            const current = document.querySelector('#mdbook-sidebar a.active')
                || document.querySelector('#mdbook-sidebar a');
            if (box.checked && current) {
                current.focus();
            }
        }
    });

    // Escape closes the contents where they lie over the page.
    document.addEventListener('keydown', event => {
        const box = document.getElementById('mdbook-sidebar-toggle-anchor');
        if (event.key === 'Escape' && box.checked && window.innerWidth < 620) {
            toggle.click();
            toggle.focus();
        }
    });
})();

(function print() {
    // Paper cannot be clicked: everything is open while printing.
    let opened = [];
    window.addEventListener('beforeprint', () => {
        opened = [...document.querySelectorAll('main details:not([open])')];
        opened.forEach(details => { details.open = true; });
    });
    window.addEventListener('afterprint', () => {
        opened.forEach(details => { details.open = false; });
        opened = [];
    });
})();

(function copyCommands() {
    if (!navigator.clipboard) {
        return;
    }
    for (const code of document.querySelectorAll('.command > code:first-child')) {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'workbook-button copy';
        button.textContent = 'Copy the command';
        button.addEventListener('click', async () => {
            await navigator.clipboard.writeText(code.textContent);
            button.textContent = 'Copied';
            setTimeout(() => { button.textContent = 'Copy the command'; }, 1500);
        });
        code.after(' ', button);
    }
})();
