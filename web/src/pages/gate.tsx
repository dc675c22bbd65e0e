import type { ReactNode } from 'react';
import { Mark } from '../components/mark';
import { text } from '../lib/text';
import styles from './gate.module.css';

interface GateProps {
  title: string;
  lead?: string;
  children?: ReactNode;
  foot?: ReactNode;
}

/** The card that stands before the files: sign in, set up, and waiting for the server. */
export function Gate({ title, lead, children, foot }: GateProps) {
  return (
    <div className={styles.page}>
      <main className={styles.main} tabIndex={-1}>
        <p className={styles.brand}>
          <Mark />
          <span>{text.product}</span>
        </p>
        <div className={styles.card}>
          <h1 className={styles.title}>{title}</h1>
          {lead && <p className={styles.lead}>{lead}</p>}
          {children}
        </div>
        {foot && <div className={styles.foot}>{foot}</div>}
      </main>
    </div>
  );
}
