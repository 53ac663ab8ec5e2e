import type { Locator, Page } from 'playwright-core';

/** The editor of a function's page, as a person meets it. */
export class WorkbenchPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  editor(file: string): Locator {
    return this.page.getByRole('textbox', { name: `Code of ${file}` });
  }

  get event(): Locator {
    return this.page.getByRole('textbox', { name: 'Event, JSON' });
  }

  get result(): Locator {
    return this.page.getByRole('region', { name: 'Result' });
  }

  get resultText(): Locator {
    return this.page.getByTestId('result');
  }

  get errorLine(): Locator {
    return this.page.locator('.cm-errorLine');
  }

  /** Types over everything in the file that is shown. */
  async write(file: string, text: string): Promise<void> {
    await this.#typeOver(this.editor(file), text);
  }

  async writeEvent(text: string): Promise<void> {
    await this.#typeOver(this.event, text);
  }

  /** Drops a file onto the code, as a person does from their desktop. */
  async drop(name: string, content: Buffer | string): Promise<void> {
    const data = await this.page.evaluateHandle(
      ([file, base64]) => {
        const bytes = Uint8Array.from(atob(base64 as string), (char) => char.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], file as string));
        return transfer;
      },
      [name, Buffer.from(content).toString('base64')],
    );
    for (const type of ['dragenter', 'dragover', 'drop'])
      await this.page.getByRole('region', { name: 'Code' }).dispatchEvent(type, { dataTransfer: data });
  }

  async #typeOver(box: Locator, text: string): Promise<void> {
    await box.click();
    await this.page.keyboard.press('ControlOrMeta+a');
    await this.page.keyboard.press('Delete');
    await this.page.keyboard.insertText(text);
  }
}
