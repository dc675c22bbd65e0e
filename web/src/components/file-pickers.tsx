import { useEffect, useRef } from 'react';
import { useApp } from './app-context';
import { useObservable } from './use-observable';

/** The inputs that open the browser's own picker: for files, for a folder, and for one file again. */
export function FilePickers() {
  const app = useApp();
  const picking = useObservable(app.picking);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const again = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const input = { files, folder, again }[picking ?? 'files'].current;
    if (!picking || !input) return;
    input.click();
  }, [picking]);

  useEffect(() => {
    const inputs = [files.current, folder.current, again.current];
    const onCancel = () => app.pick(undefined);
    // Not React's onChange: it passes over a choice of the same file again. So does the
    // browser, as long as the input still holds it.
    const onChange = (event: Event) => {
      const input = event.target as HTMLInputElement;
      app.pick(input.files ?? undefined);
      input.value = '';
    };
    folder.current?.setAttribute('webkitdirectory', '');
    for (const input of inputs) {
      input?.addEventListener('cancel', onCancel);
      input?.addEventListener('change', onChange);
    }
    return () => {
      for (const input of inputs) {
        input?.removeEventListener('cancel', onCancel);
        input?.removeEventListener('change', onChange);
      }
    };
  }, [app]);

  return (
    <div hidden>
      <input ref={files} type="file" multiple data-testid="pick-files" />
      <input ref={folder} type="file" multiple data-testid="pick-folder" />
      <input ref={again} type="file" data-testid="pick-again" />
    </div>
  );
}
