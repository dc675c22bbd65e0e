import { type FormEvent, useState } from 'react';
import { nameFault } from '../lib/file-name';
import { text } from '../lib/text';
import type { UploadItem } from '../upload/types';
import { useApp } from './app-context';
import { Button } from './button';
import { Field } from './field';
import { FolderChooser } from './folder-chooser';
import { Answers, Modal } from './modal';
import { useObservable } from './use-observable';

/** Another place or name for a file whose folder is gone or whose name was taken. */
export function RedirectDialog({ item, onClose }: { item: UploadItem; onClose: () => void }) {
  const app = useApp();
  const { path: shown, state } = useObservable(app.folder);
  const [folder, setFolder] = useState(state === 'ready' && !goneWith(item, shown) ? shown : '');
  const [there, setThere] = useState<boolean | undefined>(undefined);
  const [walked, walk] = useState(false);
  const [name, setName] = useState(item.name);
  const [complaint, setComplaint] = useState<string | undefined>(undefined);
  // The page may still show a folder that is gone: the way begins at the top then.
  if (there === false && !walked && folder !== '') setFolder('');

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!there) return;
    const wrong = complaintOf(name);
    if (wrong) return setComplaint(wrong);
    app.uploads.redirect(item.id, folder, name);
    onClose();
  };

  return (
    <Modal
      wide
      title={text.dialogs.elsewhere(item.name)}
      description={text.dialogs.elsewhereBody}
      onClose={onClose}
    >
      <FolderChooser
        path={folder}
        onPath={(path) => {
          walk(true);
          setFolder(path);
        }}
        onFound={setThere}
      />
      <form onSubmit={submit} noValidate>
        <Field
          label={text.dialogs.elsewhereName}
          value={name}
          autoComplete="off"
          complaint={complaint}
          onChange={(event) => {
            setName(event.target.value);
            setComplaint(undefined);
          }}
        />
        <Answers>
          <Button onClick={onClose}>{text.dialogs.cancel}</Button>
          <Button type="submit" look="primary" disabled={!there}>
            {text.dialogs.uploadHere}
          </Button>
        </Answers>
      </form>
    </Modal>
  );
}

/** The rule of renaming. */
function complaintOf(name: string): string | undefined {
  if (name.trim() === '') return text.dialogs.nameMissing;
  const fault = nameFault(name);
  if (!fault) return undefined;
  const words: { title: string; detail?: string } = text.problems.name[fault];
  return [words.title, words.detail].filter(Boolean).join(' ');
}

/** Whether the upload failed because this folder, or one above it, is not there. */
function goneWith({ folder, problem }: UploadItem, path: string): boolean {
  const gone = problem?.code === 'no-parent' || problem?.code === 'not-found';
  return gone && (path === folder || path.startsWith(`${folder}/`));
}
