import { ChevronDown, ChevronUp, Pause, Play, RotateCw, X } from 'lucide-react';
import { useId, useState } from 'react';
import { text } from '../lib/text';
import type { Snapshot } from '../upload/types';
import { useApp } from './app-context';
import { IconButton } from './button';
import { Confirm } from './confirm';
import { ProgressBar } from './progress-bar';
import { UploadList } from './upload-list';
import styles from './upload-panel.module.css';
import { panelDetail, panelTitle } from './upload-words';
import { useDock } from './use-dock';
import { useFold } from './use-fold';
import { useUploads } from './use-observable';

/** All uploads: docked at the lower right, a sheet at the foot of a phone. */
export function UploadPanel() {
  const app = useApp();
  const snapshot = useUploads(app.uploads);
  const [asking, ask] = useState(false);
  const title = useId();
  const { items, totals, reading } = snapshot;
  const shown = items.length > 0 || reading !== undefined;
  const finished = shown && totals.open === 0 && totals.failed === 0 && reading === undefined;
  const [folded, fold] = useFold(finished);

  const dock = useDock();

  if (!shown) return null;
  return (
    <section ref={dock} aria-labelledby={title} className={styles.panel} data-dock="">
      <header className={styles.head}>
        <h2 id={title} className={styles.title}>
          <span className="visually-hidden">{text.panel.title}: </span>
          {panelTitle(snapshot)}
        </h2>
        <PanelButtons snapshot={snapshot} onCancel={() => ask(true)} />
        <IconButton
          label={folded ? text.panel.unfold : text.panel.fold}
          icon={folded ? ChevronUp : ChevronDown}
          aria-expanded={!folded}
          onClick={() => fold(!folded)}
        />
      </header>
      <div className={styles.total}>
        <ProgressBar
          label={text.panel.total}
          words={[panelTitle(snapshot), panelDetail(snapshot)].filter(Boolean).join(', ')}
          acked={totals.acked}
          sent={totals.sent}
          total={totals.bytes}
          state={totalState(snapshot)}
          testId="upload-total"
        />
        <p className={styles.detail}>{panelDetail(snapshot)}</p>
      </div>
      {!folded && <UploadList items={items} failed={totals.failed} />}
      {asking && (
        <Confirm
          danger
          title={text.panel.cancelTitle}
          body={text.panel.cancelBody(totals.open)}
          yes={text.panel.cancelAll}
          no={text.panel.keep}
          onYes={() => app.uploads.cancel()}
          onClose={() => ask(false)}
        />
      )}
    </section>
  );
}

function PanelButtons({ snapshot, onCancel }: { snapshot: Snapshot; onCancel: () => void }) {
  const { uploads } = useApp();
  const { open, failed, paused } = snapshot.totals;
  return (
    <>
      {open > 0 && (
        <IconButton
          label={paused ? text.panel.resumeAll : text.panel.pauseAll}
          icon={paused ? Play : Pause}
          onClick={() => (paused ? uploads.resume() : uploads.pause())}
        />
      )}
      {open === 0 && failed > 0 && (
        <IconButton label={text.panel.retryAll} icon={RotateCw} onClick={() => uploads.retry()} />
      )}
      {open > 0 || snapshot.reading !== undefined ? (
        <IconButton label={text.panel.cancelAll} icon={X} onClick={onCancel} />
      ) : (
        <IconButton label={text.panel.close} icon={X} onClick={() => uploads.clear()} />
      )}
    </>
  );
}

function totalState({ totals, reading }: Snapshot): string {
  const { open, failed, paused, waits } = totals;
  if (open > 0 || reading !== undefined)
    return waits !== 'no' ? 'retrying' : paused ? 'paused' : 'sending';
  return failed > 0 ? 'failed' : 'done';
}
