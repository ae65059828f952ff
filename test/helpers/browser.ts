// A real browser, headless: Debian's chromium, driven by Playwright.
import {chromium as driver, type Browser, type Page} from 'playwright-core'
import {chromium} from './browser-program.js'

/** Closed at the end of its test. */
export class TestBrowser implements AsyncDisposable {
  private constructor(private readonly browser: Browser) {}

  static async open(): Promise<TestBrowser> {
    const executablePath = chromium()
    if (!executablePath) throw new Error('there is no chromium on PATH (apt install chromium)')
    // As root Chromium starts only without its sandbox; it visits nothing but the test's own servers
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    return new TestBrowser(await driver.launch({executablePath, args}))
  }

  /** A page of a visitor without history. */
  async visit(url: string, {width = 1280, height = 900} = {}): Promise<Page> {
    const page = await this.browser.newPage({viewport: {width, height}})
    await page.goto(url)
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
  }
}
