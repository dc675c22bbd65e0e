import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { rove } from '../lib/roving';
import styles from './tabs.module.css';

export interface Tab {
  id: string;
  name: string;
  content: ReactNode;
}

interface TabsProps {
  /** Names the list for people who do not see it. */
  label: string;
  /** At least one. */
  tabs: readonly Tab[];
  /** The id of the tab to open first. */
  first: string;
}

/** The WAI-ARIA tabs pattern: one stop for Tab, arrows choose. */
export function Tabs({ label, tabs, first }: TabsProps) {
  const prefix = useId();
  const [chosen, choose] = useState(first);
  const tabID = (id: string) => `${prefix}-${id}-tab`;
  const panelID = (id: string) => `${prefix}-${id}-panel`;

  const onKeyDown = (event: KeyboardEvent, at: number) => {
    const to = rove(event.key, at, tabs.length);
    const tab = to === null ? undefined : tabs[to];
    if (!tab) return;
    event.preventDefault();
    choose(tab.id);
    document.getElementById(tabID(tab.id))?.focus();
  };

  return (
    <div className={styles.tabs}>
      <div role="tablist" aria-label={label} className={styles.list}>
        {tabs.map((tab, i) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={tabID(tab.id)}
            aria-selected={tab.id === chosen}
            aria-controls={panelID(tab.id)}
            tabIndex={tab.id === chosen ? 0 : -1}
            className={styles.tab}
            onClick={() => choose(tab.id)}
            onKeyDown={(event) => onKeyDown(event, i)}
          >
            {tab.name}
          </button>
        ))}
      </div>
      {tabs.map((tab) => (
        <div
          key={tab.id}
          role="tabpanel"
          id={panelID(tab.id)}
          aria-labelledby={tabID(tab.id)}
          hidden={tab.id !== chosen}
          className={styles.panel}
        >
          {tab.content}
        </div>
      ))}
    </div>
  );
}
