import type { ReactNode } from 'react';
import type { StoreUse } from '../api/types';
import { text } from '../lib/text';
import { formatDate, formatSize } from './format';
import styles from './store-figures.module.css';

/** What the whole server keeps, for administrators; `every` is how often it collects. */
export function StoreFigures({ store, every }: { store: StoreUse; every: string | undefined }) {
  const words = text.storage;
  const { survey, ballast, ballastWanted } = store;
  const lacks = ballast < ballastWanted;
  return (
    <section className={styles.card} aria-labelledby="server">
      <h2 id="server" className={styles.title}>
        {words.server}
      </h2>
      <dl className={styles.figures}>
        <Figure name={words.packs} size={store.stored} more={words.packsCount(store.packs)} />
        <Figure
          name={words.disk}
          size={store.diskFree}
          more={words.diskOf(formatSize(store.diskTotal))}
        />
        {ballastWanted > 0 ? (
          <Figure
            name={words.ballast}
            size={ballast}
            more={lacks && words.ballastLacks(formatSize(ballastWanted))}
          />
        ) : (
          <Figure name={words.ballast} more={words.ballastOff} />
        )}
      </dl>
      {survey ? (
        <>
          <h3 className={styles.when}>{words.survey(formatDate(survey.at))}</h3>
          <dl className={styles.figures}>
            <Figure name={words.live} size={survey.live} />
            <Figure name={words.dead} size={survey.dead} />
            <Figure
              name={survey.full ? words.reclaimableFull : words.reclaimable}
              size={survey.reclaimable}
            />
          </dl>
        </>
      ) : (
        <p className={styles.none}>{words.noSurvey(every)}</p>
      )}
    </section>
  );
}

function Figure({ name, size, more }: { name: string; size?: number; more?: ReactNode }) {
  return (
    <div className={styles.figure}>
      <dt>{name}</dt>
      <dd>
        {size !== undefined && <span className={styles.size}>{formatSize(size)}</span>}
        {more && <span className={styles.more}> {more}</span>}
      </dd>
    </div>
  );
}
