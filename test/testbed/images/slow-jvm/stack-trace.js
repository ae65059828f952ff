// Stack traces as long as those of a Spring Boot service.
const frames = (name, count) =>
  Array.from(
    {length: count},
    (_, line) => `\tat ${name}.${'abcdefgh'[line % 8]}(${name.split('.').at(-1)}.java:${100 + line})`,
  )

/** A service whose database refuses the password: four exceptions, each of which causes the one before. */
export const loginFailure = logger => [
  "org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'liquibase' defined in class path resource [org/springframework/boot/autoconfigure/liquibase/LiquibaseAutoConfiguration$LiquibaseConfiguration.class]: liquibase.exception.DatabaseException",
  ...frames('org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory', 38),
  ...frames(`${logger}.Application`, 2),
  'Caused by: liquibase.exception.LiquibaseException: liquibase.exception.DatabaseException: the connection failed',
  ...frames('liquibase.integration.spring.SpringLiquibase', 9),
  '\t... 17 common frames omitted',
  'Caused by: liquibase.exception.DatabaseException: the connection failed',
  ...frames('liquibase.database.DatabaseFactory', 7),
  '\t... 24 common frames omitted',
  'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "aquastream"',
  ...frames('org.postgresql.core.v3.ConnectionFactoryImpl', 26),
  '\t... 31 common frames omitted',
]

/** A warning over several lines that a healthy start writes as well. */
export const poolWarning = () => [
  'java.lang.Exception: the housekeeper was late',
  ...frames('com.zaxxer.hikari.pool.HikariPool', 4),
]
