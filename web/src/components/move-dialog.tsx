import { useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { text } from '../lib/text';
import { Button } from './button';
import { Complaint } from './complaint';
import { FolderChooser } from './folder-chooser';
import { Answers, Modal } from './modal';

/** Asks for the folder that the chosen entries go to. */
export function MoveDialog({ dialog }: { dialog: Extract<Dialog, { kind: 'move' }> }) {
  const { entries, from } = dialog;
  const [path, setPath] = useState(from);
  const [there, setThere] = useState<boolean | undefined>(undefined);
  const [problem, setProblem] = useState<ProblemBody | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const inTheWay = new Set(
    entries.filter((e) => e.folder).map((e) => (from ? `${from}/${e.name}` : e.name)),
  );
  const here = path === from;

  const submit = async () => {
    if (busy || here || !there) return;
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit(path));
    setBusy(false);
  };

  const [only] = entries;
  const title =
    entries.length === 1 && only
      ? text.dialogs.moveOne(only.name)
      : text.dialogs.move(entries.length);
  return (
    <Modal
      wide
      title={title}
      description={here ? text.dialogs.alreadyHere : text.dialogs.moveTo(folderName(path))}
      onClose={dialog.cancel}
    >
      <Complaint problem={problem} />
      <FolderChooser path={path} onPath={setPath} onFound={setThere} without={inTheWay} />
      <Answers>
        <Button onClick={dialog.cancel}>{text.dialogs.cancel}</Button>
        <Button look="primary" busy={busy} disabled={here || !there} onClick={submit}>
          {text.dialogs.moveHere}
        </Button>
      </Answers>
    </Modal>
  );
}

export function folderName(path: string): string {
  return path.split('/').pop() || text.files.top;
}
