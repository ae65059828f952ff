// Log lines as Spring Boot writes them: to stdout, as text over several lines or as one JSON object per record.
export const log = ({json, level, logger, message, trace = []}) => {
  const time = new Date().toISOString()
  console.log(
    json
      ? JSON.stringify({
          '@timestamp': time,
          '@version': '1',
          message,
          logger_name: logger,
          thread_name: 'main',
          level,
          ...(trace.length > 0 && {stack_trace: trace.join('\n')}),
        })
      : [
          `${time} ${level.padStart(5)} 1 --- [           main] ${logger} : ${message}`,
          ...(trace.length > 0 ? ['', ...trace] : []),
        ].join('\n'),
  )
}
