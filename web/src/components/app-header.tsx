import { CloudUpload, Folder, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Session } from '../api/types';
import { text } from '../lib/text';
import { AccountMenu } from './account-menu';
import { useApp } from './app-context';
import styles from './app-header.module.css';
import { Mark } from './mark';
import { waitingOf } from './unfinished-words';
import { useObservable } from './use-observable';

interface AppHeaderProps {
  session: Session | undefined;
  /** In the middle, such as the filter. */
  children?: ReactNode;
  /** In the account's place while nobody is signed in. */
  aside?: ReactNode;
}

export function AppHeader({ session, children, aside }: AppHeaderProps) {
  const app = useApp();
  return (
    <header className={styles.header}>
      {session && <SkipLink />}
      <a
        href={app.href({ view: 'files', path: '' })}
        className={styles.brand}
        aria-label={text.page.home}
      >
        <Mark />
        <span>{text.product}</span>
      </a>
      <div className={styles.middle}>{children}</div>
      {session ? (
        <div className={styles.end}>
          <OtherPages />
          <AccountMenu session={session} />
        </div>
      ) : (
        aside
      )}
    </header>
  );
}

/** The way to uploads that broke off, while there are any, and from the files to the trash and back. */
function OtherPages() {
  const app = useApp();
  const { view } = useObservable(app.route);
  const files = view !== 'files';
  const Icon = files ? Folder : Trash2;
  const to = files ? ({ view: 'files', path: '' } as const) : ({ view: 'trash' } as const);
  return (
    <nav aria-label={text.page.pages} className={styles.pages}>
      {view !== 'uploads' && <UnfinishedLink />}
      <a href={app.href(to)} className={styles.other}>
        <Icon aria-hidden="true" />
        <span>{files ? text.me.files : text.me.trash}</span>
      </a>
    </nav>
  );
}

/** Those that wait for somebody to go on with them; what moves elsewhere needs nobody. */
function UnfinishedLink() {
  const app = useApp();
  const n = waitingOf(useObservable(app.unfinished).rows);
  if (n === 0) return null;
  return (
    <a
      href={app.href({ view: 'uploads' })}
      className={styles.other}
      aria-label={text.unfinished.link(n)}
      data-testid="unfinished-link"
    >
      <CloudUpload aria-hidden="true" />
      <span>{text.unfinished.short(n)}</span>
      <b className={styles.badge} aria-hidden="true">
        {text.unfinished.badge(n)}
      </b>
    </a>
  );
}

/** The first stop of Tab: over the header and the tools, to the rows. */
function SkipLink() {
  const app = useApp();
  return (
    <a
      href={app.href(app.route.get())}
      className={styles.skip}
      onClick={(event) => {
        event.preventDefault(); // the fragment of the address is the folder
        const to =
          document.querySelector<HTMLElement>('[role="row"][tabindex="0"]') ??
          document.querySelector<HTMLElement>('main');
        to?.focus();
      }}
    >
      {text.page.skip}
    </a>
  );
}
