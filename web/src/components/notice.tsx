import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import styles from './notice.module.css';

interface NoticeProps {
  icon?: LucideIcon;
  title: ReactNode;
  body?: ReactNode;
  /** What can be done about it. */
  children?: ReactNode;
  alert?: boolean;
}

/** What stands in the place of a list that there is not. */
export function Notice({ icon: Icon, title, body, children, alert = false }: NoticeProps) {
  return (
    <div className={styles.notice} data-background="" {...(alert ? { role: 'alert' } : {})}>
      {Icon && (
        <span className={styles.icon}>
          <Icon aria-hidden="true" />
        </span>
      )}
      <h2 className={styles.title}>{title}</h2>
      {body && <p className={styles.body}>{body}</p>}
      {children && <div className={styles.answers}>{children}</div>}
    </div>
  );
}
