import { LockOpen, Monitor } from 'lucide-react';
import { CopyField } from '../components/copy-field';
import { GuideView } from '../components/guide-view';
import { Mark } from '../components/mark';
import { Tabs } from '../components/tabs';
import { mountAddress } from '../lib/address';
import { guideFor, guides } from '../lib/guides';
import { text } from '../lib/text';
import styles from './welcome.module.css';

interface WelcomeProps {
  baseURI: string;
  userAgent: string;
}

/** The first page: what this is, and how to mount it. */
export function Welcome({ baseURI, userAgent }: WelcomeProps) {
  const address = mountAddress(baseURI);
  return (
    <div className={styles.page}>
      <header className={styles.brand}>
        <Mark />
        <span>{text.product}</span>
      </header>
      <main className={styles.main}>
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
            <p>{text.account.body}</p>
            <CopyField value={text.account.command} what={text.account.command} />
            {address.thisComputerOnly && <p className={styles.hint}>{text.account.firstRun}</p>}
          </section>
        </div>

        <section className={styles.connect} aria-labelledby="connect">
          <h2 id="connect" className={styles.sectionTitle}>
            {text.connect.title}
          </h2>
          <Tabs
            label={text.connect.tabs}
            first={guideFor(userAgent)}
            tabs={guides(address).map((guide) => ({
              id: guide.id,
              name: guide.name,
              content: <GuideView guide={guide} />,
            }))}
          />
        </section>
      </main>
      <footer className={styles.footer}>{text.next}</footer>
    </div>
  );
}
