import com.adobe.epubcheck.api.EPUBLocation;
import com.adobe.epubcheck.api.EpubCheck;
import com.adobe.epubcheck.api.MasterReport;
import com.adobe.epubcheck.messages.Message;
import com.adobe.epubcheck.messages.Severity;
import com.adobe.epubcheck.util.FeatureEnum;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * epubcheck over many files in one virtual machine, since starting one takes longer than checking a book.
 *
 * <pre>java -Xss16m -cp epubcheck.jar EpubCheckBatch.java [FILE…]     (without files: their names on standard input)</pre>
 *
 * Prints one line a file: name, fatals, errors, warnings, first distinct messages, separated by tabs. A file on which
 * epubcheck itself breaks or takes longer than two minutes counts as one fatal.
 */
public class EpubCheckBatch {
    private static final int MESSAGES = 12;
    private static final long LIMIT_MS = 120_000;

    /** Counts by severity; of the messages the first few that differ. */
    private static final class Counts extends MasterReport {
        int fatal, error, warning;
        final Set<String> first = new LinkedHashSet<>();

        @Override
        public void message(Message message, EPUBLocation at, Object... args) {
            Severity severity = message.getSeverity();
            if (severity == Severity.FATAL) fatal++;
            else if (severity == Severity.ERROR) error++;
            else if (severity == Severity.WARNING) warning++;
            else return;
            if (first.size() < MESSAGES) {
                String text = message.getMessage(args).replaceAll("\\s+", " ");
                first.add(severity + " " + message.getID() + " " + at.getPath() + ":" + at.getLine() + " " + text);
            }
        }

        @Override public void info(String resource, FeatureEnum feature, String value) {}
        @Override public int generate() { return 0; }
        @Override public void initialize() {}
    }

    public static void main(String[] args) throws Exception {
        Locale.setDefault(Locale.ENGLISH);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what epubcheck itself prints must not mix with the lines
        if (args.length > 0) {
            for (String name : args) out.println(check(name));
        } else {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String name = in.readLine(); name != null; name = in.readLine()) out.println(check(name));
        }
        out.flush();
        Runtime.getRuntime().halt(0); // a check that ran out of time may still hold a thread
    }

    private static String check(String name) throws InterruptedException {
        Counts counts = new Counts();
        List<String> broken = new ArrayList<>();
        Thread thread = new Thread(null, () -> {
            try {
                new EpubCheck(new File(name), counts).doValidate();
            } catch (Throwable thrown) {
                broken.add("FATAL epubcheck broke: " + thrown.toString().replaceAll("\\s+", " "));
            }
        }, "check", 64L << 20);
        thread.setDaemon(true);
        thread.start();
        thread.join(LIMIT_MS);
        if (thread.isAlive()) broken.add("FATAL no result in " + LIMIT_MS / 1000 + " s");
        broken.addAll(counts.first);
        int fatal = counts.fatal + (thread.isAlive() || broken.size() > counts.first.size() ? 1 : 0);
        return name + "\t" + fatal + "\t" + counts.error + "\t" + counts.warning + "\t" + String.join(" | ", broken);
    }
}
