import { Download, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
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
  const [asked, ask] = useState<Version | undefined>(undefined);

  const restore = async (version: Version) => {
    if (busy !== undefined) return;
    setBusy(version.id);
    setProblem(undefined);
    setProblem(await dialog.restore(version));
    setBusy(undefined);
  };

  const drop = async (version: Version) => {
    if (busy !== undefined) return;
    setBusy(version.id);
    setProblem(undefined);
    setProblem(await dialog.drop(version));
    setBusy(undefined);
    ask(undefined);
  };

  const { rows, state } = view;
  if (asked) {
    const when = formatMoment(asked.created);
    return (
      <Modal
        title={text.versions.dropTitle}
        description={text.versions.dropBody(when, formatSize(asked.size))}
        onClose={() => ask(undefined)}
      >
        <DropAnswers
          busy={busy !== undefined}
          onDrop={() => void drop(asked)}
          onKeep={() => ask(undefined)}
        />
      </Modal>
    );
  }
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
              onDrop={() => ask(version)}
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

interface DropAnswersProps {
  busy: boolean;
  onDrop: () => void;
  onKeep: () => void;
}

/** The dialog is the one that was open: its focus goes on at the answer that does nothing. */
function DropAnswers({ busy, onDrop, onKeep }: DropAnswersProps) {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <Answers>
      <Button ref={keep} onClick={onKeep}>
        {text.versions.keep}
      </Button>
      <Button look="danger" busy={busy} onClick={onDrop}>
        {text.versions.dropYes}
      </Button>
    </Answers>
  );
}

interface VersionRowProps {
  version: Version;
  current: boolean;
  busy: boolean;
  onDownload: () => void;
  onRestore: () => void;
  onDrop: () => void;
}

function VersionRow(props: VersionRowProps) {
  const { version, current, busy, onDownload, onRestore, onDrop } = props;
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
        <IconButton
          label={text.versions.drop(when)}
          tip={text.versions.dropYes}
          icon={Trash2}
          onClick={onDrop}
        />
      )}
      {!current && (
        <Button busy={busy} aria-label={text.versions.restore(when)} onClick={onRestore}>
          {text.actions.restore}
        </Button>
      )}
    </li>
  );
}
