import { useEffect, useRef, useState } from 'react';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { totalPercent } from './upload-words';
import { useUploadsPart } from './use-observable';

/**
 * What uploads do beside their panel: the number in the tab's title, a word at every tenth
 * for people who listen, and the question before the page is left. title: of the page.
 */
export function UploadWatch({ title }: { title: string }) {
  const app = useApp();
  const percent = useUploadsPart(app.uploads, totalPercent);
  const open = useUploadsPart(app.uploads, (s) => s.totals.open > 0);
  const [said, say] = useState('');
  const tenth = percent === undefined ? undefined : Math.floor(percent / 10);
  const before = useRef<number | undefined>(undefined);

  useEffect(() => {
    document.title = percent === undefined ? title : text.page.progress(percent, title);
  }, [percent, title]);

  useEffect(() => {
    const was = before.current;
    before.current = tenth;
    if (tenth === was) return;
    const { totals } = app.uploads.snapshot();
    if (tenth !== undefined) say(text.panel.announce(tenth * 10, totals.open));
    else if (totals.done + totals.failed > 0)
      say(text.panel.announceDone(totals.done, totals.failed));
  }, [app, tenth]);

  useEffect(() => {
    if (!open) return;
    const onLeave = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', onLeave);
    return () => removeEventListener('beforeunload', onLeave);
  }, [open]);

  return (
    <p role="status" className="visually-hidden">
      {said}
    </p>
  );
}
