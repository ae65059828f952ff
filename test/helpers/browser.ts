// A real browser: Debian's Chromium in headless mode, controlled by Playwright.
import {chromium as driver, type Browser, type Page} from 'playwright-core'
import {chromium} from './browser-program.js'

/** A running browser, closed when the test ends. */
export class TestBrowser implements AsyncDisposable {
  private constructor(private readonly browser: Browser) {}

  static async open(): Promise<TestBrowser> {
    const executablePath = chromium()
    if (!executablePath) throw new Error('no Chromium found in PATH (apt install chromium)')
    // For root, Chromium requires --no-sandbox. It visits only servers of the test.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    return new TestBrowser(await driver.launch({executablePath, args}))
  }

  /** Opens a page in a new browser context, without cookies and history. */
  async visit(url: string, {width = 1280, height = 900} = {}): Promise<Page> {
    const page = await this.browser.newPage({viewport: {width, height}})
    await page.goto(url)
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
  }
}
