import { CloudOff } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { Session } from '../api/types';
import { actionIcons } from '../components/action-icons';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { Button } from '../components/button';
import { formatLeft } from '../components/format';
import { Notice } from '../components/notice';
import { QuotaBar } from '../components/quota-bar';
import { Skeleton } from '../components/skeleton';
import { SpaceParts } from '../components/space-parts';
import { StoreFigures } from '../components/store-figures';
import { useObservable } from '../components/use-observable';
import { text } from '../lib/text';
import styles from './storage.module.css';
import { useAppKeys } from './use-app-keys';

/** What takes the person's space, and what of that could be given back. */
export function StoragePage({ session }: { session: Session }) {
  useAppKeys();

  // The link that led here went with the page that it was on.
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    requestAnimationFrame(() => {
      const active = document.activeElement;
      if (active === null || active.matches('body')) main.current?.focus({ preventScroll: true });
    });
  }, []);

  return (
    <div className={styles.page}>
      <AppHeader session={session} />
      <main className={styles.main} tabIndex={-1} ref={main}>
        <h1 className={styles.title}>{text.storage.title}</h1>
        <Contents />
      </main>
    </div>
  );
}

function Contents() {
  const app = useApp();
  const { state, problem, use } = useObservable(app.space);
  if (state === 'loading') return <Skeleton words={text.storage.loading} />;
  if (state === 'failed' || !use) {
    return (
      <Notice alert icon={CloudOff} title={problem?.title} body={problem?.detail}>
        <Button look="primary" icon={actionIcons.refresh} onClick={() => app.actions.refresh.run()}>
          {text.files.retry}
        </Button>
      </Notice>
    );
  }
  const every = use.collectEvery > 0 ? formatLeft(use.collectEvery) : undefined;
  return (
    <>
      <section className={styles.card} aria-labelledby="space">
        <QuotaBar id="space" usage={use} />
        <SpaceParts use={use} />
        <div className={styles.small}>
          {use.quota > 0 && <p>{text.storage.notCounted}</p>}
          <p>{text.storage.returns(every)}</p>
          <p>{text.storage.sizes}</p>
        </div>
      </section>
      {use.store && <StoreFigures store={use.store} every={every} />}
    </>
  );
}
