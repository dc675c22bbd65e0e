import { useEffect, useRef, useState } from 'react';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { totalPercent } from './upload-words';
import { useUploadsPart } from './use-observable';

/**
 * What uploads do beside their panel: the number in the tab's title, and a word at every
 * tenth for people who listen. title: of the page.
 */
export function UploadWatch({ title }: { title: string }) {
  const app = useApp();
  const percent = useUploadsPart(app.uploads, totalPercent);
  const reading = useUploadsPart(app.uploads, (snapshot) => snapshot.reading !== undefined);
  const [said, say] = useState('');
  const tenth = percent === undefined ? undefined : Math.floor(percent / 10);
  const stage = reading ? 'reading' : tenth;
  const before = useRef<typeof stage>(undefined);

  useEffect(() => {
    document.title = percent === undefined ? title : text.page.progress(percent, title);
  }, [percent, title]);

  useEffect(() => {
    const was = before.current;
    before.current = stage;
    if (stage === was || stage === 'reading') return;
    const { totals } = app.uploads.snapshot();
    if (stage !== undefined) say(text.panel.announce(stage * 10, totals.open));
    else if (totals.open === 0 && totals.done + totals.failed > 0)
      say(text.panel.announceDone(totals.done, totals.failed));
  }, [app, stage]);

  return (
    <p role="status" className="visually-hidden">
      {said}
    </p>
  );
}
