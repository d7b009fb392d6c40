// The page begins here.
import { render } from 'preact';

import { start } from './state/conversations';
import { begin } from './state/preferences';
import { refresh } from './state/server';
import { App } from './ui/app';
import { onKey } from './ui/shortcuts';

begin();
const ready = start();
render(<App />, document.body);
addEventListener('keydown', onKey);
void ready.then(refresh);
