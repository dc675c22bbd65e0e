import { Download } from 'lucide-react';
import { useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody, Version } from '../api/types';
import { text } from '../lib/text';
import { actionIcons } from './action-icons';
import { Button, IconButton } from './button';
import { Complaint } from './complaint';
import { formatFullDate, formatMoment, formatSize } from './format';
import { Answers, Modal } from './modal';
import { useObservable } from './use-observable';
import styles from './versions-dialog.module.css';

type VersionsDialogState = Extract<Dialog, { kind: 'versions' }>;

/** What a file holds and held before: to be downloaded, or made the current content again. */
export function VersionsDialog({ dialog }: { dialog: VersionsDialogState }) {
  const view = useObservable(dialog.versions);
  const [problem, setProblem] = useState<ProblemBody | undefined>(undefined);
  const [busy, setBusy] = useState<string | undefined>(undefined);

  const restore = async (version: Version) => {
    if (busy !== undefined) return;
    setBusy(version.id);
    setProblem(undefined);
    setProblem(await dialog.restore(version));
    setBusy(undefined);
  };

  const { rows, state } = view;
  return (
    <Modal wide title={text.versions.title(dialog.entry.name)} onClose={dialog.cancel}>
      <Complaint problem={problem ?? view.problem} />
      {state === 'loading' && (
        <p role="status" className={styles.note}>
          {text.versions.loading}
        </p>
      )}
      {state === 'failed' && (
        <Answers>
          <Button look="primary" icon={actionIcons.refresh} onClick={dialog.refresh}>
            {text.files.retry}
          </Button>
        </Answers>
      )}
      {rows.length > 0 && (
        <ul className={styles.list} aria-label={text.versions.list} aria-busy={view.refreshing}>
          {rows.map((version, i) => (
            <VersionRow
              key={version.id}
              version={version}
              current={i === 0}
              busy={busy === version.id}
              onDownload={() => dialog.download(version)}
              onRestore={() => void restore(version)}
            />
          ))}
          {view.more && (
            <li className={styles.more}>
              <Button look="quiet" busy={view.refreshing} onClick={dialog.more}>
                {text.versions.more}
              </Button>
            </li>
          )}
        </ul>
      )}
      {state === 'ready' && rows.length === 1 && (
        <p className={styles.note}>{text.versions.none}</p>
      )}
    </Modal>
  );
}

interface VersionRowProps {
  version: Version;
  current: boolean;
  busy: boolean;
  onDownload: () => void;
  onRestore: () => void;
}

function VersionRow({ version, current, busy, onDownload, onRestore }: VersionRowProps) {
  const { created, size, by } = version;
  const when = formatMoment(created);
  return (
    <li className={styles.row} data-testid="version" data-current={current || undefined}>
      <div className={styles.what}>
        <p className={styles.when}>
          <time dateTime={new Date(created).toISOString()} title={formatFullDate(created)}>
            {when}
          </time>
          {current && <span className={styles.current}>{text.versions.current}</span>}
        </p>
        <p className={styles.more}>
          {formatSize(size)} · <bdi>{text.versions.storedBy(by ?? text.versions.someone)}</bdi>
        </p>
      </div>
      <IconButton
        label={text.versions.download(when)}
        tip={text.actions.download}
        icon={Download}
        onClick={onDownload}
      />
      {!current && (
        <Button busy={busy} aria-label={text.versions.restore(when)} onClick={onRestore}>
          {text.actions.restore}
        </Button>
      )}
    </li>
  );
}
