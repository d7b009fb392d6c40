import { t } from '../language';
import { sidebar } from '../state/preferences';
import { box, drawer, narrow } from '../state/view';
import { Announcer } from './announcer';
import { Composer } from './composer';
import { Header } from './header';
import { KeyDialog } from './key-form';
import { Log } from './log';
import { Notices } from './notices';
import { Settings } from './settings';
import { Shortcuts } from './shortcuts';
import { Sidebar } from './sidebar';

/** The page. */
export function App() {
  const covered = narrow.value && drawer.value;
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a place of this page, whose address names the conversation */}
      <a
        class="skip"
        href="#message"
        onClick={(event) => {
          event.preventDefault();
          box()?.focus();
        }}
      >
        {t('skip')}
      </a>
      <div class={!narrow.value && sidebar.value ? 'app with-sidebar' : 'app'}>
        <Sidebar />
        <div class="rest" inert={covered}>
          <Header />
          <main>
            <Log />
            <Composer />
          </main>
        </div>
      </div>
      <Announcer />
      <Notices />
      <Settings />
      <Shortcuts />
      <KeyDialog />
    </>
  );
}
