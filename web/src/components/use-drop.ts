import { useEffect, useState } from 'react';
import { useApp } from './app-context';

const silence = 1500; // milliseconds without a dragover: the drag is elsewhere

/**
 * Files dragged over the page. Returns the folder that a drop would go into: '' or the path
 * of a folder row; undefined while nothing is dragged. here: the folder shown, if there is one.
 */
export function useDrop(here: string | undefined): string | undefined {
  const app = useApp();
  const [over, setOver] = useState<string | undefined>(undefined);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const end = () => {
      clearTimeout(timer);
      setOver(undefined);
    };
    const target = (event: DragEvent): string | undefined => {
      if (here === undefined || document.querySelector('[role$="dialog"]')) return undefined;
      const row =
        event.target instanceof Element
          ? event.target.closest<HTMLElement>('[data-drop-folder]')
          : null;
      return row?.dataset.dropFolder ?? here;
    };

    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault(); // else the browser would open a file that misses
      const to = target(event);
      if (event.dataTransfer) event.dataTransfer.dropEffect = to === undefined ? 'none' : 'copy';
      setOver(to);
      clearTimeout(timer);
      timer = setTimeout(end, silence);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) end();
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      const to = target(event);
      end();
      if (to === undefined || !event.dataTransfer) return;
      if (to === here) app.drop(event.dataTransfer);
      else app.drop(event.dataTransfer, to);
    };

    document.addEventListener('dragenter', onOver);
    document.addEventListener('dragover', onOver);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('dragenter', onOver);
      document.removeEventListener('dragover', onOver);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
    };
  }, [app, here]);

  return over;
}
