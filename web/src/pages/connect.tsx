import { LockOpen, Monitor } from 'lucide-react';
import type { Session } from '../api/types';
import { useApp } from '../components/app-context';
import { AppHeader } from '../components/app-header';
import { CopyField } from '../components/copy-field';
import { GuideView } from '../components/guide-view';
import { Tabs } from '../components/tabs';
import { mountAddress } from '../lib/address';
import { guideFor, guides } from '../lib/guides';
import { text } from '../lib/text';
import styles from './connect.module.css';

/** How to mount the files as a drive. Also for people who are not signed in. */
export function ConnectPage({ session }: { session: Session | undefined }) {
  const app = useApp();
  const address = mountAddress(document.baseURI);
  return (
    <div className={styles.page}>
      <AppHeader
        session={session}
        aside={
          <a className={styles.back} href={app.href({ view: 'files', path: '' })}>
            {text.signIn.submit}
          </a>
        }
      />
      <main className={styles.main} tabIndex={-1}>
        <div className={styles.hero}>
          <h1 className={styles.tagline}>{text.tagline}</h1>
          <p className={styles.what}>{text.what}</p>
        </div>

        <div className={styles.cards}>
          <section className={styles.card} aria-labelledby="address">
            <h2 id="address" className={styles.cardTitle}>
              {text.address.title}
            </h2>
            <CopyField value={address.url} what={address.url} prominent />
            {address.thisComputerOnly && (
              <p className={styles.hint}>
                <Monitor aria-hidden="true" />
                <span>{text.address.thisComputerOnly}</span>
              </p>
            )}
            {!address.thisComputerOnly && !address.encrypted && (
              <p className={styles.caution}>
                <LockOpen aria-hidden="true" />
                <span>{text.address.notEncrypted}</span>
              </p>
            )}
          </section>

          <section className={styles.card} aria-labelledby="account">
            <h2 id="account" className={styles.cardTitle}>
              {text.account.title}
            </h2>
            {session ? (
              <p>{text.account.yours(session.user.name)}</p>
            ) : (
              <>
                <p>{text.account.body}</p>
                <CopyField value={text.account.command} what={text.account.command} />
              </>
            )}
          </section>
        </div>

        <section className={styles.connect} aria-labelledby="connect">
          <h2 id="connect" className={styles.sectionTitle}>
            {text.connect.title}
          </h2>
          <Tabs
            label={text.connect.tabs}
            first={guideFor(navigator.userAgent)}
            tabs={guides(address).map((guide) => ({
              id: guide.id,
              name: guide.name,
              content: <GuideView guide={guide} />,
            }))}
          />
        </section>
      </main>
    </div>
  );
}
